#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# storage: entries, their folders, and what containers see of them. Owners are changed by the root
# helper, in the build whose settings file is elsewhere. The app's image is there, as after a build.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --no-nginx --no-sshd --control helper
	"$LAB" images busybox
	image=moorage-lab/busybox:1
	export image storage=$INST/lib/data/storage entries=$INST/lib/data/storage-registry/entries
	root_helper
	docker_lab build -q -t "dokku-$LABEL/shop:latest" - >/dev/null <<-DOCKER
		FROM $image
		LABEL com.dokku.image-stage=release com.dokku.builder-type=dockerfile dokku= com.moorage.instance=$LABEL
	DOCKER
	dokku apps:create shop
	dokku proxy:disable shop
	dokku checks:skip shop
	as_dokku mkdir -p "$INST/lib/config/common/shop" "$INST/lib/data/ps/shop"
	printf 'web: sleep 1000\nworker: sleep 1000\n' | as_dokku tee "$INST/lib/data/ps/shop/Procfile" >/dev/null
	echo true | as_dokku tee "$INST/lib/config/common/shop/deployed" >/dev/null
	dokku ps:scale --skip-deploy shop web=1 worker=1
}

# The program of root.bats, by the name that the instance calls it, with settings of this instance.
root_helper() {
	local at
	at=$(dirname "$ROOT_CONF")
	mkdir -p "$INST/prog/libexec" "$INST/etc/root.d" "$at"
	cp "$ROOT_HELPER" "$INST/prog/libexec/moorage-root"
	chmod 755 "$INST/prog/libexec/moorage-root" "$INST/etc/root.d"
	echo "lib_root=$INST/lib" >"$INST/etc/root.d/$(basename "$ROOT_CONF")"
	in_instance mount --bind "$INST/etc/root.d" "$at"
	echo "dokku ALL=(root) NOPASSWD: $INST/prog/libexec/moorage-root" >"$INST/etc/sudoers.d/dokku"
	chmod 440 "$INST/etc/sudoers.d/dokku"
}

teardown_file() {
	docker_lab volume ls -q --filter "name=$LABEL" |
		xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" volume rm >/dev/null || true
	teardown_instance
}

plugn() {
	in_instance "$INST/bin/plugn" trigger "$@"
}

owner_of() {
	stat -c '%u:%g %a' "$1"
}

# binds PROCESS: of the container that runs as PROCESS.1
binds() {
	docker_lab inspect -f '{{range .HostConfig.Binds}}{{println .}}{{end}}' \
		"$(cat "$INST/home/shop/CONTAINER.$1.1")" | sed '/^$/d' | LC_ALL=C sort
}

in_container() {
	local process=$1
	shift
	docker_lab exec "$(cat "$INST/home/shop/CONTAINER.$process.1")" "$@"
}

no_mounts() {
	as_dokku rm -f "$INST/lib/config/storage/shop/mounts"
}

# proves effect: command storage:create, property storage (per entry)/mode, property storage (per entry)/chown, command storage:set
@test "create makes the folder with the owner and mode that are asked for, and set changes them" {
	run dokku storage:create made --chown heroku --mode 751
	assert_success
	assert_output "       Created $storage/made
       Setting directory mode to 0751
       Setting directory ownership to 1000:1000
-----> Storage entry made created"
	assert_equal "$(owner_of "$storage/made")" "1000:1000 751"
	touch "$storage/made/file"
	run dokku storage:create made --chown 1234
	assert_success
	assert_line "-----> Storage entry made created"
	assert_equal "$(owner_of "$storage/made")" "1234:1234 751"
	assert_equal "$(stat -c %u "$storage/made/file")" 1234
	run dokku storage:set made mode 0700
	assert_success
	assert_line "-----> Storage entry made updated"
	assert_equal "$(owner_of "$storage/made")" "1234:1234 700"
	run dokku storage:set made chown paketo
	assert_success
	assert_equal "$(owner_of "$storage/made")" "2000:2000 700"
	assert_json .chown paketo "$entries/made.json"
	run dokku storage:set made chown
	assert_success
	assert_equal "$(owner_of "$storage/made")" "2000:2000 700"
	run ! grep chown "$entries/made.json"
}

@test "create refuses what cannot be, and makes nothing then" {
	local rows=(
		"-a|must be a DNS-1123 label"
		"legacy-x|must not start with reserved prefix"
		"a --mode 999|Unsupported directory mode \"999\""
		"a --chown nobody|Unsupported chown permissions"
		"a --size 2Gi|does not accept --size"
		"a --scheduler k3s|requires --size"
		"a --scheduler swarm|has unsupported scheduler \"swarm\""
		"a --reclaim-policy Keep|has unsupported reclaim policy"
		"a relative/path|must be an absolute path or a docker named volume token"
		"a /srv/x --chown root|--chown is only supported when the storage entry uses the default host path"
		"a /srv/x --mode 0755|--mode is only supported when"
		"a /srv/x --reclaim-policy Delete|only accepts --reclaim-policy Delete on the default host path"
		"a --label novalue|expected key=value"
	)
	for row in "${rows[@]}"; do
		# shellcheck disable=SC2086 # words
		run dokku storage:create ${row%%|*}
		assert_failure
		assert_output --partial "${row#*|}"
	done
	refute_file_exists "$storage/a"
	refute_file_exists "$entries/a.json"
	refute_file_exists /srv/x
	run dokku storage:create
	assert_failure 1
	assert_output " !     storage entry name is required"
}

# proves golden: command storage:info, command storage:list-entries
@test "entries are shown" {
	dokku storage:create shown --mode 755
	dokku storage:create shown-volume "$LABEL-volume"
	run dokku storage:info shown
	assert_output "-----> Storage entry shown
       Scheduler:        docker-local
       Host path:        $storage/shown
       Mode:             0755"
	run dokku storage:info shown --format json
	assert_output "{
  \"name\": \"shown\",
  \"scheduler\": \"docker-local\",
  \"host_path\": \"$storage/shown\",
  \"mode\": \"0755\",
  \"schema_version\": 1
}"
	assert_equal "$(cat "$entries/shown.json")" "$output"
	assert_equal "$(in_instance stat -c '%U %a' "$entries/shown.json")" "dokku 600"
	run dokku storage:list-entries
	assert_line "-----> Storage entries:"
	assert_line "       shown	docker-local	$storage/shown"
	assert_line "       shown-volume	docker-local	$LABEL-volume"
	run dokku storage:list-entries --scheduler k3s
	assert_output "-----> No storage entries registered"
	run dokku storage:info absent
	assert_failure 1
	assert_output ' !     storage entry "absent" does not exist'
	run dokku storage:info ../shown
	assert_failure 1
	run dokku storage:info shown --format yaml
	assert_failure 1
	assert_output " !     Invalid --format value specified"
}

# proves effect: command storage:mount, command storage:unmount, command storage:list
@test "containers of a deploy get the mounts of their process type, one-off containers those of run" {
	no_mounts
	dokku storage:create data --chown 4321
	dokku storage:create spare
	as_dokku mkdir -p "$storage/spare/up"
	echo in-spare | as_dokku tee "$storage/spare/up/file" >/dev/null
	run dokku storage:mount shop data --container-dir /data
	assert_success
	assert_output "-----> Storage entry data mounted at /data on shop"
	dokku storage:mount shop spare --container-dir /data --process-type worker --volume-subpath up --phase deploy --volume-readonly
	dokku storage:mount shop spare --container-dir /only-run --phase run
	as_dokku mkdir -p "$INST/lib/plain"
	run dokku storage:mount shop "$INST/lib/plain:/plain:ro"
	assert_success
	assert_output ""
	run dokku storage:list shop
	assert_output "-----> shop volume bind-mounts:
       $storage/data:/data
       $INST/lib/plain:/plain:ro
       $storage/spare:/data:ro"
	dokku scheduler:set shop shell /bin/sh
	as_dokku mkdir -p "$INST/lib/data/app-json/shop"
	echo '{"scripts":{"dokku":{"predeploy":"echo script sees $(ls -d /plain /data)"}}}' |
		as_dokku tee "$INST/lib/data/app-json/shop/app.json" >/dev/null
	run dokku ps:start shop
	assert_success
	assert_line "       script sees /data /plain"
	as_dokku rm "$INST/lib/data/app-json/shop/app.json"
	assert_equal "$(binds web)" "$storage/data:/data
$INST/lib/plain:/plain:ro"
	assert_equal "$(binds worker)" "$storage/spare/up:/data:ro
$INST/lib/plain:/plain:ro"
	in_container web sh -c 'echo from-web >/data/web'
	assert_file_is "$storage/data/web" from-web
	assert_equal "$(in_container worker cat /data/file)" in-spare
	run in_container worker touch /data/more
	assert_failure
	run dokku run shop sh -c 'cat /data/web /only-run/up/file; ls -d /plain'
	assert_success
	assert_output "from-web
in-spare
/plain"
	dokku storage:unmount shop data
	dokku storage:unmount shop "$INST/lib/plain:/plain"
	run dokku storage:unmount shop spare
	assert_failure 1
	assert_output ' !     storage entry "spare" is mounted at multiple paths on app "shop" (/data, /only-run); pass --container-dir to disambiguate'
	dokku storage:unmount shop spare --container-dir /only-run
	run dokku storage:unmount shop data
	assert_failure 1
	assert_output ' !     storage entry "data" is not mounted on app "shop"'
	run dokku storage:unmount shop "$INST/lib/plain:/plain"
	assert_failure 1
	assert_output " !     Mount path does not exist."
	run dokku ps:restart shop
	assert_success
	assert_equal "$(binds web)" ""
	assert_equal "$(binds worker)" "$storage/spare/up:/data:ro"
}

@test "mounting again changes the mount in place, the text form says that it is there" {
	no_mounts
	dokku storage:create again
	dokku storage:mount shop again --container-dir /a --volume-readonly --volume-options Z
	run dokku storage:report shop --storage-attachment.1.volume-options
	assert_output Z
	run dokku storage:mount shop again --container-dir /a --phase run
	assert_output "-----> Storage entry again mount at /a on shop updated"
	assert_file_is "$INST/lib/config/storage/shop/mounts" \
		'{"entry_name":"again","container_path":"/a","phases":["run"],"process_type":"_default_"}'
	dokku storage:mount shop /srv:/b
	run dokku storage:mount shop /srv:/b:ro
	assert_failure 1
	assert_output " !     Mount path already exists."
	run dokku storage:mount shop absent --container-dir /a
	assert_failure 1
	assert_output " !     storage entry \"absent\" does not exist; create it first with \`dokku storage:create\`"
	run dokku storage:mount shop again
	assert_failure 1
	assert_output " !     --container-dir is required when mounting a named storage entry"
	run dokku storage:mount shop again --container-dir /a --phase build
	assert_failure 1
	assert_output --partial 'attachment phase "build" is not supported'
	run dokku storage:mount shop again --container-dir /a --process-type ../x
	assert_failure 1
	run dokku storage:mount shop again --container-dir /a --volume-subpath ../..
	assert_failure 1
	run dokku storage:mount shop x:/b
	assert_failure 1
	assert_output --partial "Volume name must be two characters or more."
}

@test "volume-chown gives the folder to somebody when it is mounted" {
	no_mounts
	dokku storage:create owned
	run dokku storage:mount shop owned --container-dir /o --volume-chown herokuish
	assert_success
	assert_equal "$(stat -c %u:%g "$storage/owned")" 32767:32767
	dokku storage:create elsewhere "$INST/lib/elsewhere"
	run dokku storage:mount shop elsewhere --container-dir /e --volume-chown herokuish
	assert_success
	assert_output --partial "The owner of $INST/lib/elsewhere is left as it is"
}

# proves golden: command storage:report, report storage:report/--storage-attachment.<N>.container-path, report storage:report/--storage-attachment.<N>.entry-name, report storage:report/--storage-attachment.<N>.host-path
# proves golden: report storage:report/--storage-attachment.<N>.phases, report storage:report/--storage-attachment.<N>.process-type, report storage:report/--storage-attachment.<N>.readonly, report storage:report/--storage-attachment.<N>.subpath
# proves golden: report storage:report/--storage-attachment.<N>.volume-chown, report storage:report/--storage-attachment.<N>.volume-options
@test "the report has the mounts, per phase and one by one" {
	no_mounts
	dokku storage:create reported
	dokku storage:mount shop reported --container-dir /r --phase deploy --volume-readonly --volume-options nocopy
	run dokku storage:report shop
	assert_output "=====> shop storage information
       Storage attachment 1 container path: /r
       Storage attachment 1 entry name:     reported
       Storage attachment 1 host path:      $storage/reported
       Storage attachment 1 phases:         deploy
       Storage attachment 1 process type:   _default_
       Storage attachment 1 readonly:       true
       Storage attachment 1 subpath:        
       Storage attachment 1 volume chown:   
       Storage attachment 1 volume options: nocopy
       Storage build mounts:                
       Storage deploy mounts:               -v $storage/reported:/r:ro,nocopy
       Storage run mounts:                  "
	run dokku storage:report shop --format json
	echo "$output" >"$BATS_TEST_TMPDIR/report"
	while read -r key value; do
		assert_json ".[\"$key\"]" "$value" "$BATS_TEST_TMPDIR/report"
		assert_json ".[\"${key#storage-}\"]" "$value" "$BATS_TEST_TMPDIR/report"
		run dokku storage:report shop "--$key"
		assert_output "$value"
	done <<-ROWS
		storage-attachment.1.container-path /r
		storage-attachment.1.entry-name reported
		storage-attachment.1.host-path $storage/reported
		storage-attachment.1.phases deploy
		storage-attachment.1.process-type _default_
		storage-attachment.1.readonly true
		storage-attachment.1.subpath
		storage-attachment.1.volume-chown
		storage-attachment.1.volume-options nocopy
	ROWS
	run dokku storage:list shop --format json
	assert_output "[{\"entry_name\":\"reported\",\"host_path\":\"$storage/reported\",\"container_path\":\"/r\",\"readonly\":true,\"volume_options\":\"nocopy\"}]"
	run dokku storage:report --global
	assert_line "       reported	docker-local	mounted by: shop"
	as_dokku mv "$entries/reported.json" "$entries/gone"
	run dokku storage:report shop
	assert_success
	assert_output --partial ' !     Skipping attachment on "shop": missing entry "reported"'
	run dokku ps:restart shop
	assert_failure
	assert_output --partial 'references missing entry "reported"'
	as_dokku mv "$entries/gone" "$entries/reported.json"
}

# proves effect: command storage:destroy, property storage (per entry)/reclaim-policy
@test "destroy asks, refuses what is mounted, and removes folders only when told to" {
	no_mounts
	dokku storage:create one --chown 4321
	dokku storage:create two --chown 4321
	dokku storage:set two reclaim-policy Delete
	dokku storage:create three
	dokku storage:create four "$INST/lib/four"
	dokku storage:mount shop one --container-dir /one
	run dokku storage:destroy --force one
	assert_failure 1
	assert_output ' !     storage entry "one" is still mounted by app(s): shop'
	no_mounts
	run dokku storage:destroy three </dev/null
	assert_failure 1
	assert_line ' !     To proceed, type "three"'
	assert_file_exists "$entries/three.json"
	run dokku storage:destroy three <<<three
	assert_success
	assert_output --partial "-----> Storage entry three destroyed"
	assert_file_exists "$storage/three"
	refute_file_exists "$entries/three.json"
	touch "$storage/one/file" "$storage/two/file"
	run dokku storage:destroy --force one --destroy-host-dir
	assert_output "       Removed $storage/one
-----> Storage entry one destroyed"
	refute_file_exists "$storage/one"
	run dokku --force storage:destroy two
	assert_success
	refute_file_exists "$storage/two"
	run dokku storage:destroy --force four --destroy-host-dir
	assert_failure 1
	assert_output --partial "--destroy-host-dir is only supported when"
	assert_file_exists "$INST/lib/four"
	run dokku storage:destroy --force four
	assert_success
	assert_file_exists "$INST/lib/four"
	run dokku storage:destroy absent
	assert_failure 1
}

# proves effect: command storage:exec, trigger scheduler-storage-exec
@test "exec runs a command as the entry's owner, with its exit code, and leaves no container" {
	dokku storage:create worked --chown 4321
	run dokku storage:exec worked --image "$image" -- sh -c 'id -u; echo hello >/data/file; exit 7'
	assert_failure 7
	assert_output 4321
	assert_equal "$(stat -c %u "$storage/worked/file")" 4321
	run dokku storage:exec --as-user 77 --image "$image" worked -- id -u
	assert_success
	assert_output 77
	run dokku storage:exec --as-user root --image "$image" worked -- id -u
	assert_failure 1
	output=$(echo "from stdin" | dokku storage:exec worked --image "$image" -- cat)
	assert_equal "$output" "from stdin"
	run plugn scheduler-storage-exec docker-local worked "$image" --tty=false -- cat /data/file
	assert_output hello
	run dokku storage:exec absent
	assert_failure 1
	dokku storage:create novolume "$LABEL-novolume"
	run dokku storage:exec novolume --image "$image" -- true
	assert_failure 1
	assert_output --partial "docker named volume \"$LABEL-novolume\" is not present"
	docker_lab volume create "$LABEL-volume" >/dev/null
	dokku storage:create somevolume "$LABEL-volume"
	run dokku storage:exec somevolume --image "$image" -- ls -d /data
	assert_output /data
	rm -rf "${storage:?}/worked"
	run dokku storage:exec worked --image "$image" -- true
	assert_failure 1
	assert_output " !     host path $storage/worked does not exist"
	assert_equal "$(docker_lab ps -aq --filter "label=com.moorage.instance=$LABEL" \
		--filter label=com.dokku.container-type=storage)" ""
}

# proves golden: report storage:annotations:report/--storage-annotations.<key>, report storage:labels:report/--storage-labels.<key>
# proves golden: command storage:annotations:set, command storage:annotations:report, command storage:labels:set, command storage:labels:report, property storage (per entry)/annotations / labels (maps)
@test "annotations and labels are kept as they are written" {
	dokku storage:create noted --annotation a.b/c-d=1 --annotation e=2,f=3 --label app.kubernetes.io/part-of=billing
	run dokku storage:annotations:report noted
	assert_output "=====> noted annotations information
       Annotation a.b/c-d:            1
       Annotation e:                  2
       Annotation f:                  3"
	run dokku storage:annotations:set noted e
	assert_output "=====> Unsetting annotation e"
	run dokku storage:annotations:set noted f 4
	assert_output "=====> Setting annotation f to 4"
	run dokku storage:annotations:report noted --format json
	assert_output '{"a.b/c-d":"1","f":"4"}'
	flag="storage-annotations"
	run dokku storage:annotations:report noted "--$flag.f"
	assert_output 4
	run dokku storage:annotations:report noted "--$flag.e"
	assert_failure 1
	assert_output " !     Invalid flag passed, valid flags: --storage-annotations.a.b/c-d, --storage-annotations.f"
	run dokku storage:labels:set noted tier web
	assert_output "=====> Setting label tier to web"
	run dokku storage:labels:report noted
	assert_output "=====> noted labels information
       Label app.kubernetes.io/part-of:billing
       Label tier:                     web"
	assert_json '.labels.tier' web "$entries/noted.json"
	run dokku storage:labels:set noted
	assert_failure 1
	assert_output " !     No label key specified"
	flag="storage-labels"
	run dokku storage:labels:report noted "--$flag.tier"
	assert_output web
	run dokku storage:labels:report "--$flag.tier"
	assert_failure 1
}

@test "set refuses what it does not know or cannot change" {
	dokku storage:create kept
	run dokku storage:set kept nonsense 1
	assert_failure 1
	assert_output " !     Invalid property specified, valid properties include: access-mode, chown, mode, namespace, reclaim-policy, size, storage-class-name"
	run dokku storage:set kept
	assert_failure 1
	assert_output " !     No property specified"
	run dokku storage:set kept mode 0700 --mode 0755
	assert_failure 1
	run dokku storage:set kept access-mode ReadWriteMany
	assert_failure 1
	assert_output " !     storage:set cannot change access-mode in place; recreate the entry"
	run dokku storage:set kept size 2Gi
	assert_failure 1
	run dokku storage:set kept --mode 0711
	assert_success
	assert_line " !     Deprecated: please use 'storage:set <name> <property> [<value>]' instead of flags"
	assert_equal "$(stat -c %a "$storage/kept")" 711
}

# proves stand-in: trigger storage-create, trigger storage-destroy, trigger storage-status, command storage:wait, property storage (per entry)/size, property storage (per entry)/access-mode, property storage (per entry)/namespace, property storage (per entry)/storage-class-name
@test "a plugin of another scheduler hears of its entries, and its refusal counts" {
	local plugin=$INST/lib/plugins/enabled/cluster
	as_dokku mkdir -p "$plugin"
	for t in storage-create storage-destroy storage-status; do
		printf '%s\n' '#!/bin/sh' "{ echo \"$t \$1\"; cat; echo; } >>$INST/lib/heard" \
			"[ $t != storage-status ] || cat $INST/lib/status" "[ ! -e $INST/lib/refuse ]" |
			as_dokku tee "$plugin/$t" >/dev/null
		chmod +x "$plugin/$t"
	done
	run dokku storage:create pvc --scheduler k3s --size 2Gi --access-mode ReadWriteOnce --storage-class-name fast --namespace shop
	assert_success
	run cat "$INST/lib/heard"
	assert_output 'storage-create pvc
{"name":"pvc","scheduler":"k3s","size":"2Gi","access_mode":"ReadWriteOnce","storage_class":"fast","namespace":"shop","schema_version":1}'
	dokku storage:set pvc size 3Gi
	grep -qF '"size":"3Gi"' "$INST/lib/heard"
	dokku storage:set pvc namespace other
	grep -qF '"namespace":"other"' "$INST/lib/heard"
	# These two cannot be changed once the volume is there.
	for row in "access-mode ReadWriteMany" "storage-class-name slow"; do
		# shellcheck disable=SC2086 # words
		run dokku storage:set pvc $row
		assert_failure 1
		assert_output " !     storage:set cannot change ${row% *} in place; recreate the entry"
	done
	echo Pending | as_dokku tee "$INST/lib/status" >/dev/null
	run dokku storage:wait pvc
	assert_failure 1
	assert_output ' !     storage entry "pvc" is Pending, not Bound'
	echo Bound | as_dokku tee "$INST/lib/status" >/dev/null
	run dokku storage:wait pvc
	assert_success
	assert_output "-----> Storage entry pvc is bound"
	touch "$INST/lib/refuse"
	run dokku storage:create other-pvc --scheduler k3s --size 1Gi
	assert_failure
	refute_file_exists "$entries/other-pvc.json"
	run dokku storage:destroy --force pvc
	assert_failure
	assert_file_exists "$entries/pvc.json"
	rm "$INST/lib/refuse"
	run dokku storage:destroy --force pvc
	assert_success
	grep -qF 'storage-destroy pvc' "$INST/lib/heard"
	run dokku storage:destroy --force pvc --destroy-host-dir
	assert_failure 1
	rm -rf "$plugin"
}

# proves golden: trigger storage-list, trigger storage-app-mounts, trigger docker-args-run, trigger docker-args-deploy
@test "scripts learn of the mounts" {
	no_mounts
	dokku storage:create asked
	dokku storage:mount shop asked --container-dir /a --volume-readonly
	dokku storage:mount shop "/srv/with blank:/b" --phase deploy
	run --separate-stderr plugn storage-list shop deploy
	assert_output "$storage/asked:/a:ro
/srv/with blank:/b"
	run --separate-stderr plugn storage-list shop run json
	assert_output --partial '[{"entry_name":"asked",'
	run plugn storage-app-mounts shop run
	assert_output --partial "[{\"entry\":{\"name\":\"asked\",\"scheduler\":\"docker-local\",\"host_path\":\"$storage/asked\",\"schema_version\":1},\"attachment\":{\"entry_name\":\"asked\",\"container_path\":\"/a\",\"phases\":[\"deploy\",\"run\"],\"process_type\":\"_default_\",\"readonly\":true}}"
	run plugn docker-args-run shop latest
	assert_output --partial " -v $storage/asked:/a:ro -v '/srv/with blank:/b'"
	run plugn docker-args-deploy shop latest web 1
	assert_output --partial " -v $storage/asked:/a:ro -v '/srv/with blank:/b'"
	run plugn storage-app-mounts absent
	assert_failure 20
}

# proves effect: command storage:migrate, property storage (per app)/legacy-mounts-migrated
@test "options become mounts once, also when the migration is killed half-way" {
	no_mounts
	dokku apps:create old
	dokku docker-options:add old deploy,run "-v /srv:/srv:ro"
	dokku docker-options:add old run "-v $LABEL-old:/v"
	dokku docker-options:add old deploy "--memory=64m"
	dokku docker-options:add old deploy "-v /just-one"
	echo "storage-migrate 1 effect" | as_dokku tee "$INST/lib/data/moorage/fault" >/dev/null
	run dokku storage:migrate old
	assert_failure
	assert_equal "$(cat "$INST/lib/config/storage/old/legacy-mounts-migrated")" true
	run dokku storage:migrate old
	assert_success
	assert_line "-----> Re-migrated old"
	assert_equal "$(wc -l <"$INST/lib/config/storage/old/mounts")" 2
	run dokku storage:report old --storage-run-mounts
	assert_output --partial "-v /srv:/srv:ro"
	assert_output --partial "-v $LABEL-old:/v"
	run dokku storage:report old --storage-deploy-mounts
	assert_output "-v /srv:/srv:ro"
	run dokku docker-options:list old --phase deploy
	assert_output "--memory=64m
-v /just-one"
	run dokku docker-options:list old --phase run
	assert_output ""
	dokku docker-options:add old run "-v /etc:/e"
	run dokku storage:migrate --all
	assert_success
	run dokku storage:report old --storage-run-mounts
	assert_output --partial "-v /etc:/e"
	run dokku storage:migrate
	assert_failure 1
	assert_output " !     storage:migrate requires an app name (or --all)"
	run dokku storage:migrate old --all
	assert_failure 1
	run dokku storage:migrate absent
	assert_failure 20
}

# proves effect: command storage:ensure-directory
@test "ensure-directory makes a folder for buildpacks" {
	run dokku storage:ensure-directory Old_Name
	assert_success
	assert_output " !     Deprecated: please use 'storage:create' instead of 'storage:ensure-directory'
-----> Ensuring $storage/Old_Name exists
       Setting directory ownership to 32767:32767
       Directory ready for mounting"
	assert_equal "$(owner_of "$storage/Old_Name")" "32767:32767 755"
	run dokku storage:ensure-directory --chown root Old_Name
	assert_success
	assert_equal "$(owner_of "$storage/Old_Name")" "0:0 755"
	run dokku storage:ensure-directory --chown false Old_Name
	assert_success
	run dokku storage:ensure-directory a/b
	assert_failure 1
	assert_line " !     Directory can only contain the following set of characters: [A-Za-z0-9_-]"
	run dokku storage:ensure-directory --chown 70000 Old_Name
	assert_failure 1
	assert_line " !     Unsupported chown permissions"
}

@test "mounts go along with a copied and a renamed app, and entries outlive apps" {
	dokku storage:create family
	dokku apps:create parent
	dokku storage:mount parent family --container-dir /f
	dokku apps:clone --skip-deploy parent child
	run dokku storage:report child --storage-attachment.1.entry-name
	assert_output family
	dokku apps:rename --skip-deploy child grandchild
	run dokku storage:report grandchild --storage-attachment.1.entry-name
	assert_output family
	run dokku storage:destroy --force family
	assert_output ' !     storage entry "family" is still mounted by app(s): grandchild, parent'
	dokku --force apps:destroy grandchild
	dokku --force apps:destroy parent
	refute_file_exists "$INST/lib/config/storage/parent"
	run dokku storage:destroy --force family
	assert_success
}
