#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# backup:*, on apps that were never deployed; tests/system/backup.bats has those that run.

bats_require_minimum_version 1.5.0
load push

setup_file() {
	push_setup
	# Builds are left here; the program looks for its helpers where its instance says.
	export inst label src MOORAGE
	printf '%s\n' "libexec_dir=$TOOLS" "crontab_bin=$inst/bin/crontab" >> "$inst/instance.conf"
	cat > "$inst/bin/crontab" <<-SH
		#!/bin/sh
		case \$3 in
		-l) cat $inst/crontab 2>/dev/null ;;
		-r) rm -f $inst/crontab ;;
		-) cat >$inst/crontab ;;
		esac
	SH
	chmod +x "$inst/bin/crontab"
	ssh-keygen -q -t ed25519 -N '' -f "$inst/one"
	ssh-keygen -q -t ed25519 -N '' -f "$inst/two"
	fill
	dokku backup:export --file "$inst/kept.tar.zst"
}

teardown_file() {
	push_teardown
}

# Two apps with one thing of each kind, and settings of all apps.
fill() {
	wipe
	dokku apps:create web
	dokku apps:create idle
	dokku config:set --no-restart web SECRET='a b' OTHER=$'two\nlines'
	dokku config:set --no-restart --global EVERYWHERE=1
	dokku domains:add web www.example.test
	dokku domains:set-global example.test
	dokku docker-options:add web deploy "-v /srv/data:/data"
	dokku ports:set web http:80:5000
	dokku checks:set web wait-to-retire 7
	dokku checks:set --global wait-to-retire 9
	dokku ps:scale --skip-deploy web web=2 worker=1
	dokku apps:lock idle
	dokku ssh-keys:add one "$inst/one.pub"
	[ -e "$src/Dockerfile" ] || commit Dockerfile "FROM scratch\n"
	git -C "$inst/home/web" fetch -q "$src" HEAD:refs/heads/feature
	echo 'machine example.com login a password b' > "$inst/home/.netrc"
	mkdir -p "$inst/home/.docker" "$inst/home/web/tls" "$inst/lib/data/some-plugin/web" "$inst/lib/config/some-plugin/--global"
	echo '{"auths":{}}' > "$inst/home/.docker/config.json"
	echo identity > "$inst/home/.ssh/id_rsa"
	chmod 600 "$inst/home/.ssh/id_rsa" "$inst/home/.netrc"
	echo certificate > "$inst/home/web/tls/server.crt"
	echo record > "$inst/lib/data/some-plugin/web/file"
	echo yes > "$inst/lib/config/some-plugin/--global/flag"
	mkdir -p "$inst/lib/plugins/available/extra" "$inst/lib/plugins/enabled"
	printf '[plugin]\ndescription = "extra"\nversion = "1"\n' > "$inst/lib/plugins/available/extra/plugin.toml"
	ln -s "$inst/lib/plugins/available/extra" "$inst/lib/plugins/enabled/extra"
	echo '0 0 * * * true' > "$inst/crontab"
}

# A machine on which nothing was done yet.
wipe() {
	rm -rf "${inst:?}/home" "${inst:?}/lib" "$inst/crontab"
	mkdir -p "$inst/home/.ssh" "$inst/lib"
	: > "$inst/home/.ssh/authorized_keys"
	printf '%s\n' "$inst/bin/dokku" > "$inst/home/.sshcommand"
}

# All files but the program's own records, with mode and content; git's by what its refs say.
state() {
	(cd "$inst" && find home lib \( -path lib/data/moorage -o -path 'home/*/objects' -o -path 'home/*/refs' -o -path 'home/*/packed-refs' \
		-o -name FETCH_HEAD -o -path 'home/*/logs' -o -path 'home/*/hooks' -o -path 'home/*/config' -o -path 'home/*/nginx.conf*' \) -prune \
		-o -type f -printf '%p %m ' -exec sha256sum {} \; -o -type l -printf '%p %l\n' | sed 's, [^ ]*$,,' | LC_ALL=C sort
	for repo in home/*/objects; do
		[ -e "$repo" ] || continue
		git -C "${repo%/objects}" for-each-ref
	done)
}

as_key() { # NAME COMMAND: as sshd hands it on
	NAME=$1 SSH_ORIGINAL_COMMAND=$2 "$inst/bin/dokku"
}

@test "export writes one file for its owner only; inspect and list say what is in it" {
	run -0 stat -c %a "$inst/kept.tar.zst"
	[ "$output" = 600 ]
	run -0 dokku backup:inspect "$inst/kept.tar.zst" --format json
	[ "$(jq -r '.manifest.apps[].name' <<< "$output" | xargs)" = "idle web" ]
	[ "$(jq -r '.manifest.plugins[] | "\(.name) \(.enabled)"' <<< "$output")" = "extra true" ]
	[ "$(jq -r '.manifest.label' <<< "$output")" = "$label" ]
	run -0 dokku backup:inspect "$inst/kept.tar.zst"
	[[ "$output" == *"Apps:               idle web"* ]]
	run -0 dokku backup:list "$inst/kept.tar.zst" --format json
	jq -e 'map(.name) | contains(["apps/web/environment/ENV", "apps/web/repository.bundle", "home/.netrc", "crontab"])' <<< "$output"
	run -0 dokku backup:list "$inst/kept.tar.zst"
	[[ "$output" == *" apps/web/home/tls/server.crt"* ]]
}

@test "without a name it goes to a folder of the state, which the next one leaves out" {
	run -0 dokku backup:export
	[[ "$output" =~ "-----> Exported 2 apps" ]]
	run -0 dokku backup:list --format json
	[ "$(jq length <<< "$output")" = 1 ]
	path=$(jq -r '.[0].path' <<< "$output")
	[ "$(stat -c %a "$path")" = 600 ]
	dokku backup:export --file - > "$inst/second.tar.zst"
	run ! grep -q backups <(dokku backup:list "$inst/second.tar.zst")
	rm -r "$inst/lib/data/moorage/backups"
}

@test "an export to stdout says everything on stderr, and is read from stdin" {
	run -0 --separate-stderr bash -c '"$1" backup:export --file - | "$1" backup:inspect -' - "$inst/bin/dokku"
	[[ "$output" == *"Apps:               idle web"* ]]
	[[ "$stderr" == *"-----> Exporting app web"* ]]
	run -0 --separate-stderr bash -c '"$1" --quiet backup:export --file - 2>&1 >/dev/null' - "$inst/bin/dokku"
	[ -z "$output" ]
	# A terminal would show bytes.
	run -1 script -qec "$inst/bin/dokku backup:export --file -" /dev/null
	[[ "$output" == *"redirect it into a file"* ]]
}

@test "a name that ends in gz means gzip" {
	dokku backup:export --file "$inst/g.tar.gz"
	# Anybody's tools can read it.
	[ "$(tar -tzf "$inst/g.tar.gz" | tail -n 1)" = checksums.json ]
	dokku backup:inspect "$inst/g.tar.gz"
}

@test "what is excluded is not there" {
	dokku backup:export --exclude app:idle --exclude plugins --exclude repositories --exclude networks --file "$inst/some.tar.zst"
	run -0 dokku backup:list "$inst/some.tar.zst"
	[[ "$output" != *apps/idle* ]]
	[[ "$output" != *plugins/extra* ]]
	[[ "$output" != *bundle* ]]
	dokku backup:export --exclude settings --file "$inst/none.tar.zst"
	run -0 dokku backup:list "$inst/none.tar.zst"
	[[ "$output" != *home/.netrc* ]]
	run -1 dokku backup:export --exclude nonsense
	[[ "$output" == *"not 'nonsense'"* ]]
	run -1 dokku backup:export --exclude app:nobody
	[[ "$output" == *"App nobody does not exist"* ]]
}

@test "a file that exists is replaced with --force only" {
	echo precious > "$inst/there"
	run -1 dokku backup:export --file "$inst/there"
	[[ "$output" == *"exists; --force replaces it"* ]]
	[ "$(cat "$inst/there")" = precious ]
	dokku --force backup:export --file "$inst/there"
	dokku backup:inspect "$inst/there"
}

@test "an export waits for a command that works on an app; when it is killed nothing is left of it" {
	mkdir "$inst/out"
	touch "$inst/lib/data/moorage/locks/web"
	exec 9< "$inst/lib/data/moorage/locks/web"
	flock 9
	"$inst/bin/dokku" backup:export --file "$inst/out/b.tar.zst" > "$inst/out.log" 2>&1 9<&- 3>&- &
	pid=$!
	for ((i = 0; i < 1200; i++)); do
		! grep -q 'Waiting for web' "$inst/out.log" || break
		sleep 0.05
	done
	grep 'Waiting for web' "$inst/out.log"
	kill -KILL "$pid"
	wait "$pid" || true
	exec 9<&-
	[ -z "$(ls -A "$inst/out")" ]
	dokku backup:export --file "$inst/out/b.tar.zst"
	[ "$(ls -A "$inst/out")" = b.tar.zst ]
	[ ! -e "$inst/lib/data/moorage/spool" ]
}

@test "an export that fails leaves nothing" {
	run -1 dokku backup:export --file /nonexistent/b.tar.zst
	[[ "$output" == *"/nonexistent"* ]]
	# The disk of a folder of its own is full.
	mkdir "$inst/small"
	head -c 3000000 /dev/urandom > "$inst/lib/data/some-plugin/web/large"
	run -1 unshare -m sh -c 'mount -t tmpfs -o size=100k tmpfs "$1" && "$2" backup:export --file "$1/b.tar.zst"; rc=$?; ls -A "$1"; exit $rc' \
		- "$inst/small" "$inst/bin/dokku"
	rm "$inst/lib/data/some-plugin/web/large"
	[[ "$output" == *"cannot write the archive"* ]]
	[[ "${lines[-1]}" == *"cannot write the archive"* ]]
}

@test "links that lead out of an app, and what cannot be read, are left out by name" {
	ln -s /etc/passwd "$inst/home/web/outside"
	run -0 dokku backup:export --file "$inst/l.tar.zst"
	rm "$inst/home/web/outside"
	echo "$output"
	[[ "$output" == *"Left out: $inst/home/web/outside: is a link to an absolute path"* ]]
}

@test "on a bare machine an import brings everything back" {
	fill
	dokku --force backup:export --file "$inst/kept.tar.zst"
	state > "$inst/before"
	before=$(for app in web idle; do dokku config:export $app; dokku ports:list $app 2>&1; dokku domains:report $app; dokku ps:scale $app; done)
	wipe
	dokku ssh-keys:add two "$inst/two.pub"
	run -0 dokku backup:import "$inst/kept.tar.zst"
	[[ "$output" == *"-----> Restoring app web"* ]]
	[[ "$output" == *"App web was not deployed"* ]]
	after=$(for app in web idle; do dokku config:export $app; dokku ports:list $app 2>&1; dokku domains:report $app; dokku ps:scale $app; done)
	[ "$after" = "$before" ]
	[ "$(cat "$inst/crontab")" = '0 0 * * * true' ]
	# The key that was there already still comes in.
	run -0 dokku ssh-keys:list
	[[ "$output" == *'NAME="one"'* && "$output" == *'NAME="two"'* ]]
	dokku ssh-keys:remove two
	state > "$inst/after"
	# created-at and the like are files too; nothing may differ but the lock, which is made anew.
	diff <(grep -v -e deploy.lock -e authorized_keys "$inst/before" | sed "s/ [0-9]* *$//") \
		<(grep -v -e deploy.lock -e authorized_keys "$inst/after" | sed "s/ [0-9]* *$//")
	run -0 dokku apps:locked idle
	[ "$(stat -c %a "$inst/home/.ssh/id_rsa")" = 600 ]
	[ ! -e "$inst/lib/data/moorage/import" ]
}

@test "what is here already is named, and stays without --force" {
	fill
	dokku config:set --no-restart web SECRET=newer
	state > "$inst/before"
	run -1 dokku backup:import "$inst/kept.tar.zst"
	[[ "$output" == *"This would overwrite: app idle, app web. Use --force to do so"* ]]
	diff "$inst/before" <(state)
	[ -z "$(ls -A "$inst/lib/data/moorage/import")" ]
	dokku apps:create another
	dokku --force apps:destroy web
	dokku --force apps:destroy idle
	run -1 dokku backup:import "$inst/kept.tar.zst"
	[[ "$output" == *"apps that are not in the backup"* ]]
	run -0 dokku backup:import "$inst/kept.tar.zst" --app web
	[ "$(dokku config:get web SECRET)" = 'a b' ]
	run ! dokku apps:exists idle
	run -1 dokku backup:import "$inst/kept.tar.zst" --app nobody
	[[ "$output" == *"The backup has no app nobody"* ]]
}

@test "with --force apps become what they were, and settings that came later are gone" {
	fill
	dokku config:set --no-restart web SECRET=newer LATER=1
	dokku checks:set web wait-to-retire 70
	dokku apps:create another
	run -0 dokku --force backup:import "$inst/kept.tar.zst"
	[ "$(dokku config:get web SECRET)" = 'a b' ]
	run ! dokku config:get web LATER
	[ "$(dokku checks:report web --checks-wait-to-retire)" = 7 ]
	dokku apps:exists another
}

@test "--dry-run says what would be done and changes nothing" {
	wipe
	state > "$inst/before"
	run -0 dokku --dry-run backup:import "$inst/kept.tar.zst"
	[[ "$output" == *"restore settings, keys and plugins"* ]]
	[[ "$output" == *"restore web"* ]]
	diff "$inst/before" <(state)
	[ ! -e "$inst/lib/data/moorage" ]
}

# Every file that was written to shows.
touched() {
	(cd "$inst" && find home lib -path lib/data/moorage -prune -o -printf '%p %T@ %s %l\n' | LC_ALL=C sort)
}

# refused CASE TEXT: nothing is changed by it.
refused() {
	python3 "$BATS_TEST_DIRNAME/backup.py" "$1" > "$inst/bad.tar.gz"
	touched > "$inst/before"
	for verb in import inspect; do
		[ "$verb" != inspect ] || [ "${3:-}" != late ] || continue
		run -1 dokku --force "backup:$verb" "$inst/bad.tar.gz"
		[[ "$output" == *"$2"* ]] || { echo "$1, $verb: $output"; return 1; }
	done
	diff "$inst/before" <(touched)
	[ -z "$(ls -A "$inst/lib/data/moorage/import" 2>/dev/null)" ]
	[ ! -e "$inst/evil" ] && [ ! -e "$inst/../evil" ] && [ ! -e /tmp/moorage-evil ]
}

@test "a damaged or hostile backup is refused before anything changes" {
	wipe
	python3 "$BATS_TEST_DIRNAME/backup.py" good > "$inst/good.tar.gz"
	dokku backup:import "$inst/good.tar.gz"
	[ "$(dokku config:get web A)" = 1 ]
	refused truncated 'truncated'
	refused sum "'home/VHOST' does not have its checksum"
	refused missing "'home/VHOST' is missing"
	refused extra 'members that its checksums do not name'
	refused unsummed 'this is no complete backup'
	refused traversal "climbs out of the archive"
	refused absolute 'has an absolute path'
	refused link 'is a link to an absolute path'
	refused twice 'VHOST'
	refused kind 'manifest is not one of a backup'
	refused format 'this version knows formats up to 1'
	refused app 'names an app that cannot be one' late
	refused app-dot 'names an app that cannot be one' late
	refused volume 'names a volume that cannot be one' late
	head -c 1000000 /dev/zero > "$inst/zero"
	run -1 dokku backup:import "$inst/zero"
	[[ "$output" == *"nothing was changed"* ]]
	# A plugin's name leads nowhere either.
	wipe
	python3 "$BATS_TEST_DIRNAME/backup.py" plugin > "$inst/bad.tar.gz"
	dokku backup:import "$inst/bad.tar.gz"
	[ -z "$(ls -A "$inst/lib/plugins/enabled")" ]
}

@test "an import that is killed at any step is completed by running it again" {
	wipe
	dokku backup:import "$inst/kept.tar.zst"
	state > "$inst/whole"
	steps=0
	for number in 1 2 3 4 5 6 7 8; do
		for when in effect after; do
			[ "$when" = effect ] || [ "$number" -le 2 ] || continue
			wipe
			mkdir -p "$inst/lib/data/moorage"
			echo "import $number $when" > "$inst/lib/data/moorage/fault"
			run dokku backup:import "$inst/kept.tar.zst"
			[ ! -e "$inst/lib/data/moorage/fault" ] || continue
			[ "$status" -eq 137 ] || { echo "step $number $when: $output"; return 1; }
			steps=$((steps + 1))
			run -0 dokku backup:import "$inst/kept.tar.zst"
			[[ "$output" == *"The interrupted import is complete"* ]] || { echo "step $number $when: $output"; return 1; }
			diff <(sed 's/ [0-9]* *$//' "$inst/whole" | grep -v -e deploy.lock) <(state | sed 's/ [0-9]* *$//' | grep -v -e deploy.lock)
			[ ! -e "$inst/lib/data/moorage/import" ]
		done
	done
	[ "$steps" -ge 8 ]
}

@test "state leaves by administrators only: on the machine, or with a key whose name says so" {
	fill
	run as_key somebody 'backup:export --file -'
	[ "$status" -eq 1 ]
	[[ "$output" == *"This command is for administrators"* ]]
	run as_key somebody 'backup:import -'
	[ "$status" -eq 1 ]
	[[ "$output" == *"This command is for administrators"* ]]
	as_key my-admin 'backup:export --file -' 2>/dev/null | dokku backup:inspect -
}
