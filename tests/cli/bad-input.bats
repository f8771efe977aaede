#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is wrong with what comes from outside is said, and nothing changes.
# What looks like an expansion is meant to arrive as it is; `run` sets status and output.
# shellcheck disable=SC2016,SC2030,SC2031

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --no-nginx
	dokku apps:create subject
	dokku ps:set subject skip-deploy true
	dokku proxy:disable subject
	dokku config:set --no-restart subject KEEP=1
}

teardown_file() {
	teardown_instance
}

# All files of the instance but for locks: names, modes, contents.
snapshot() {
	(
		cd "$INST" || exit
		find home lib -path '*/moorage/locks' -prune -o -name '*.lock' -prune -o \
			-printf '%p %y %m %l\n' | sort
		find home lib -path '*/moorage/locks' -prune -o -type f ! -name '*.lock' -print0 |
			sort -z | xargs -0 md5sum
	)
}

# refused COMMAND...: it fails with a message, leaves no trace of itself, and changed nothing.
refused() {
	local before after
	before=$(snapshot)
	run dokku "$@"
	after=$(snapshot)
	assert_failure || fail "taken: $*"
	[[ $output == *' !     '* ]] || fail "no message: $*" "output: $output"
	[[ $output != *Sanitizer* ]] || fail "$output"
	# Nothing that a terminal would obey, whatever the input was.
	! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' <<<"$output" || fail "control characters: $*"
	[ "$before" = "$after" ] || fail "changed something: $*" "$(diff <(echo "$before") <(echo "$after"))"
}

long() {
	head -c "$1" /dev/zero | tr '\0' a
}

# Words that are no name of anything.
bad_words=('' . .. ../etc a/b /etc/passwd $'a\nb' $'a\tb' "a'b" 'a"b' '$(id)' '`id`' 'a;b' 'a|b'
	$'a\e[31mb' $'\xff\xfe' 'a b' '*' 'a\b' '<a>' '&')

@test "app names: no command takes one that is none" {
	local word
	for word in "${bad_words[@]}" A _a "$(long 300)"; do
		refused apps:create "$word"
		refused apps:destroy --force "$word"
		refused apps:rename subject "$word"
		refused apps:clone --skip-deploy subject "$word"
		refused config:set "$word" A=b
		refused --app "$word" config:set A=b
	done
}

@test "an unknown app: exit code 20 and its name, nothing on stdout" {
	local command
	for command in 'config:set absent A=b' 'ps:stop absent' 'domains:add absent a.b' \
		'ports:add absent http:80:80' 'proxy:disable absent' 'certs:remove absent' \
		'git:set absent deploy-branch x' 'checks:disable absent' 'apps:lock absent' \
		'docker-options:add absent deploy --init' 'network:set absent tld x' 'run absent ls' \
		'logs absent' 'enter absent' 'builds:list absent' 'urls absent' 'cleanup absent'; do
		# shellcheck disable=SC2086
		refused $command
		[ "$status" -eq 20 ] || fail "exit code $status: $command"
		assert_output ' !     App absent does not exist'
		# shellcheck disable=SC2086
		[ -z "$(dokku $command 2>/dev/null)" ]
	done
}

@test "unknown flags and verbs, and one argument too many" {
	refused apps:create --frobnicate new
	assert_output --partial '--frobnicate'
	refused ps:scale --frobnicate subject web=1
	refused apps:frobnicate subject
	assert_output --partial 'apps:frobnicate subject` is not a dokku command'
	refused $'apps:\e[31m'
	refused "$(long 5000)"
	refused apps:create one two
	refused apps:lock subject two
	refused config:get subject A B
	refused apps:list --format yaml
	refused ps:report subject --format
}

@test "variables: keys that are none are refused, and no message holds a value" {
	local word
	for word in '' 1A A-B A.B 'A B' $'A\nB' '$(id)' $'A\e' $'A\xff' ../A A/B; do
		refused config:set --no-restart subject "$word=tellnobody"
		refute_output --partial tellnobody
		refused config:set --no-restart subject GOOD=1 "$word=tellnobody"
		refute_output --partial tellnobody
	done
	refused config:set --no-restart subject A=one tellnobody
	refute_output --partial tellnobody
	refused config:set --no-restart --encoded subject 'A=tell*nobody'
	refute_output --partial 'tell*nobody'
}

@test "files of variables: a malformed one changes nothing" {
	local file=$BATS_TEST_TMPDIR/env
	printf 'GOOD=1\n1BAD=tellnobody\n' >"$file"
	refused config:import --no-restart subject "$file"
	refute_output --partial tellnobody
	printf 'GOOD=1\nBAD="tellnobody\n' >"$file"
	refused config:import --no-restart subject "$file"
	refute_output --partial tellnobody
	printf '{"GOOD": "1", "BAD": "tellnobody"' >"$file"
	refused config:import --no-restart --format json subject "$file"
	refute_output --partial tellnobody
	refused config:import --no-restart subject "$BATS_TEST_TMPDIR/none"
	refused config:import --no-restart subject "$BATS_TEST_TMPDIR"
}

@test "domains that are none" {
	local word
	for word in "${bad_words[@]}" 'a..b' '.a' 'a.' 'a_b' 'a{b' "$(long 64).com" "$(long 300)"; do
		[ "$word" != '*' ] || continue
		refused domains:add subject "$word"
		refused domains:add subject good.example "$word"
		refused domains:set subject "$word"
		refused domains:add-global "$word"
		refused domains:set-global "$word"
	done
}

@test "ports that are none" {
	local word
	for word in "${bad_words[@]}" http:0:80 http:80:0 http:65536:80 http:-1:80 http:80 \
		http:80:80:80 http:a:80 http:80: :80:80 http:18446744073709551697:80 \
		"$(long 200):80:80"; do
		refused ports:add subject "$word"
		[ -n "$word" ] || continue
		refused ports:set subject http:80:80 "$word"
	done
}

@test "values of properties: branches, numbers, paths, directives" {
	local word
	for word in ../a -a a..b 'a b' $'a\nb' 'a~b' a.lock 'a:b' $'a\e' /a a/; do
		refused git:set subject deploy-branch "$word"
		assert_output --partial deploy-branch
	done
	for word in -1 x 1.5 99999999999999999999 '1 2' $'1\n2'; do
		refused checks:set subject wait-to-retire "$word"
		assert_output --partial wait-to-retire
		refused ps:set subject stop-timeout-seconds "$word"
		refused builds:set subject retention "$word"
	done
	for word in ../x /etc/passwd a/../../b $'a\nb' $'a\xff'; do
		refused builder-dockerfile:set subject dockerfile-path "$word"
		refused app-json:set subject appjson-path "$word"
		refused builder:set subject build-dir "$word"
	done
	for word in 'a;b' '}' $'a\nb' '60s; include /etc/passwd'; do
		refused nginx:set subject client-max-body-size "$word"
		refused nginx:set subject proxy-read-timeout "$word"
		refused nginx:set subject x-forwarded-for-value "$word"
	done
	refused nginx:set subject access-log-format "$(long 70000)"
	refused logs:set subject max-size 10x
	refused proxy:set subject proxy-port 70000
	refused ps:set subject restart-policy sometimes
}

@test "quantities and process types" {
	local word
	for word in web web= web=x web=-1 web=1.5 =1 'web=1=2' '../web=1' 'we b=1' $'we\nb=1' \
		web=99999999999; do
		refused ps:scale --skip-deploy subject "$word"
	done
}

@test "options for docker: phases and quotes" {
	refused docker-options:add subject deploy
	refused docker-options:add subject nowhere -- --init
	refused docker-options:add subject deploy -- '--label "open'
	refused docker-options:remove subject nowhere -- --init
}

@test "keys: names and files that are none" {
	local file=$BATS_TEST_TMPDIR/key
	ssh-keygen -q -t ed25519 -N '' -f "$file"
	refused ssh-keys:add 'a"b' "$file.pub"
	refused ssh-keys:add $'a\nb' "$file.pub"
	refused ssh-keys:add 'a$(id)' "$file.pub"
	refused ssh-keys:add fine "$file"
	refute_output --partial "$(sed -n 2p "$file")"
	echo 'ssh-ed25519 AAAA' >"$file.pub"
	refused ssh-keys:add fine "$file.pub"
	refused ssh-keys:add fine "$BATS_TEST_TMPDIR/none"
}

# --- sources ---

# new_source: an empty repository in $src that can be built.
new_source() {
	src=$BATS_TEST_TMPDIR/src
	rm -rf "$src"
	mkdir "$src"
	printf 'FROM scratch\nCOPY Dockerfile /\nCMD ["/none"]\n' >"$src/Dockerfile"
}

# What a push may not change when it fails: settings, branches, images, containers. Which builder
# fits is a finding about the source, not a setting.
served() {
	(
		cd "$INST" || exit
		find lib/config home -path home/.docker -prune -o -type f -not -path '*/objects/*' ! -name '*.lock' \
			! -path '*/builder/*/detected' -print0 | sort -z |
			xargs -0 md5sum
	)
	docker_lab ps -aq --filter "label=com.moorage.instance=$LABEL"
	docker_lab images -aq --filter "label=com.moorage.instance=$LABEL" | sort
}

# push_refused TEXT: what lies in $src is not taken, and TEXT is said.
push_refused() {
	local before after
	git_app "$src"
	before=$(served)
	run git_push "$src" subject
	after=$(served)
	assert_failure || fail "pushed: $BATS_TEST_DESCRIPTION"
	assert_output --partial "$1"
	refute_output --partial Sanitizer
	[ "$before" = "$after" ] || fail "$(diff <(echo "$before") <(echo "$after"))" "output: $output"
}

@test "a Procfile that is none" {
	new_source
	printf 'web: ok\nthis is no line\n' >"$src/Procfile"
	push_refused Procfile
	new_source
	printf 'web: \xff\xfe\n' >"$src/Procfile"
	push_refused Procfile
}

@test "an app.json that is none" {
	new_source
	echo '{"healthchecks": ' >"$src/app.json"
	push_refused app.json
	new_source
	echo '{"formation": {"web": {"quantity": "many"}}}' >"$src/app.json"
	push_refused app.json
	new_source
	yes '[' | head -n 100000 | tr -d '\n' >"$src/app.json"
	push_refused app.json
}

@test "a Dockerfile that is none" {
	new_source
	echo 'FRMO scratch' >"$src/Dockerfile"
	push_refused "App build failed"
}

@test "files of the source that are links out of it" {
	local file
	for file in Procfile app.json Dockerfile; do
		new_source
		rm -f "$src/$file"
		ln -s /etc/passwd "$src/$file"
		push_refused "$file"
		refute_output --partial 'root:x:0'
		new_source
		rm -f "$src/$file"
		ln -s ../../../../../../etc/passwd "$src/$file"
		push_refused "$file"
		refute_output --partial 'root:x:0'
	done
}

@test "apps and branches that are none, over git" {
	local word
	new_source
	git_app "$src"
	for word in ../etc A 'a b' 'a$(id)' .hidden "$(long 300)"; do
		before=$(served)
		run in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_CONFIG_SYSTEM=/dev/null \
			GIT_SSH_COMMAND="$GIT_SSH_COMMAND" git -C "$src" push "dokku@lab:$word" master
		assert_failure
		assert_output --partial ' !     '
		[ "$before" = "$(served)" ]
	done
}

@test "two pushes to one app at once: one waits for nobody and says so" {
	local other=$BATS_TEST_TMPDIR/other
	new_source
	git_app "$src"
	cp -a "$src" "$other"
	lab_git -C "$other" commit -q --allow-empty -m other
	hold_pushes
	git_push "$src" subject >"$BATS_TEST_TMPDIR/first" 2>&1 3>&- &
	first=$!
	wait_until 60 grep -q held "$BATS_TEST_TMPDIR/first"
	run git_push "$other" subject
	let_pushes_go
	assert_failure
	assert_output --partial subject
	wait "$first" || fail "$(cat "$BATS_TEST_TMPDIR/first")"
	assert_equal "$(git -C "$INST/home/subject" -c safe.directory='*' rev-parse master)" \
		"$(git -C "$src" -c safe.directory='*' rev-parse HEAD)"
}

# --- certificates ---

@test "certificates: files and archives that are none" {
	local dir=$BATS_TEST_TMPDIR/certs
	mkdir "$dir"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a.example -keyout "$dir/a.key" \
		-out "$dir/a.crt" 2>/dev/null
	openssl genrsa -out "$dir/b.key" 2048 2>/dev/null
	echo none >"$dir/none.crt"
	refused certs:add subject "$dir/none.crt" "$dir/a.key"
	refused certs:add subject "$dir/a.crt" "$dir/none.crt"
	refused certs:add subject "$dir/a.crt" "$dir/b.key"
	refute_output --partial 'PRIVATE KEY'
	refused certs:add subject "$dir/absent" "$dir/a.key"
	refused certs:add subject "$dir/a.crt"
	refused certs:show subject password
	refused certs:generate subject 'a;b'
}

@test "certificates: archives that climb out" {
	local dir=$BATS_TEST_TMPDIR/tar kind before
	mkdir -p "$dir"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=a.example -keyout "$dir/a.key" \
		-out "$dir/a.crt" 2>/dev/null
	tar -C "$dir" -cPf "$dir/up.tar" --transform 's,^a,../../../a,' a.crt a.key
	tar -C "$dir" -cPf "$dir/abs.tar" --transform "s,^a,$INST/home/subject/a," a.crt a.key
	ln -s /etc/passwd "$dir/link.crt"
	tar -C "$dir" -cf "$dir/link.tar" link.crt a.key
	echo garbage >"$dir/garbage.tar"
	: >"$dir/empty.tar"
	for kind in up abs link garbage empty; do
		before=$(snapshot)
		run dokku certs:add subject <"$dir/$kind.tar"
		assert_failure || fail "taken: $kind"
		[[ $output == *' !     '* ]] || fail "$kind: $output"
		refute_output --partial 'PRIVATE KEY'
		[ "$before" = "$(snapshot)" ] || fail "changed something: $kind"
	done
}

# --- over ssh ---

@test "ssh: words arrive as they were quoted" {
	run ssh_dokku config:set --no-restart subject "'WORDS=a  b \$(id) ; c'"
	assert_success
	run ssh_dokku config:get subject WORDS
	assert_output 'a  b $(id) ; c'
	run ssh_dokku 'config:set --no-restart subject "Q=it'"'"'s"'
	assert_success
	run ssh_dokku config:get subject Q
	assert_output "it's"
	dokku config:unset --no-restart subject WORDS Q
}

@test "ssh: a quote without its other half runs nothing" {
	local before
	before=$(snapshot)
	run ssh_dokku 'config:set --no-restart subject A=1 "B=2'
	assert_failure
	assert_output --partial 'The command line cannot be read'
	run ssh_dokku "apps:create new'"
	assert_failure
	[ "$before" = "$(snapshot)" ]
}

@test "ssh: shell words are words, not commands" {
	local before
	before=$(snapshot)
	run ssh_dokku 'apps:list; touch /tmp/moorage-was-here'
	assert_failure
	run ssh_dokku 'apps:create $(id)'
	assert_failure
	run ssh_dokku 'apps:exists subject && apps:create new'
	assert_failure
	run ssh_dokku nginx:setup
	assert_failure
	assert_output --partial 'must be run as root'
	[ ! -e /tmp/moorage-was-here ]
	[ "$before" = "$(snapshot)" ]
}

# --- flags that mean the same everywhere ---

@test "--dry-run: a plan where there is one, a refusal where there is none, and no change" {
	local command before
	before=$(snapshot)
	for command in 'apps:destroy --force subject' 'ps:scale subject web=2' 'ps:stop subject' \
		'config:set subject A=b' 'domains:add subject a.example' 'ports:add subject http:80:80' \
		'apps:create new' 'ps:set subject restart-policy always' 'apps:lock subject' \
		'docker-options:clear subject' 'network:create new' 'checks:disable subject' \
		'git:set subject deploy-branch x' 'trace:on' 'builds:prune subject' 'certs:remove subject' \
		'proxy:enable subject' 'nginx:set subject hsts false' 'cleanup' 'ssh-keys:remove admin'; do
		# shellcheck disable=SC2086
		run dokku --dry-run $command
		refute_output --partial Sanitizer
		[ "$status" -eq 0 ] || [[ $output == *'nothing was changed'* ]] ||
			[[ $command == certs:remove* ]] || fail "$command: $output"
		# shellcheck disable=SC2086
		run dokku $command --dry-run
		[ "$before" = "$(snapshot)" ] || fail "$command changed something" \
			"$(diff <(echo "$before") <(snapshot))"
	done
}

@test "--quiet: what scripts read, without headings, before and behind the command" {
	run dokku --quiet apps:list
	assert_output subject
	run dokku apps:list --quiet
	assert_output subject
	run dokku --quiet config:show subject
	refute_output --partial '====='
	run dokku --quiet ps:report subject
	refute_output --partial '====='
	run dokku --quiet ps:scale subject
	refute_output --partial '-----'
}

@test "--app: the app of a command, before and behind it" {
	run dokku --app subject config:get KEEP
	assert_output 1
	run dokku config:get KEEP --app subject
	assert_output 1
	run dokku --app subject apps:exists
	assert_success
	run dokku --app absent apps:exists
	assert_failure 20
	run dokku ps:report --app subject --ps-can-scale
	assert_output true
}

@test "--force: no question; without it and without an answer nothing happens" {
	local before
	dokku apps:create gone
	before=$(snapshot)
	run dokku apps:destroy gone </dev/null
	assert_failure
	run dokku apps:destroy gone <<<nonsense
	assert_failure
	[ "$before" = "$(snapshot)" ]
	run dokku --force apps:destroy gone
	assert_success
	dokku apps:create gone
	run dokku apps:destroy gone --force
	assert_success
}

@test "--trace: more on stderr, the same on stdout" {
	local plain
	plain=$(dokku config:get subject KEEP)
	assert_equal "$(dokku --trace config:get subject KEEP 2>/dev/null)" "$plain"
	run dokku --trace apps:exists subject
	assert_success
}
