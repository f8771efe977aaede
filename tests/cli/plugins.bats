#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154,SC2002,SC2012,SC1003 # texts for other shells; variables of bats
# Third-party plugins: how their commands and triggers are found and called, and what they see.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --no-nginx
	dokku apps:create app >/dev/null
}

teardown_file() {
	teardown_instance
}

teardown() {
	rm -rf "$INST/lib/plugins" "$INST/lib/core-plugins" "$INST/home/dokkurc" "$INST/home/.dokkurc" "$INST/home/said"
}

# plugin_file PLUGIN FILE: an executable of an enabled plugin, from stdin.
plugin_file() {
	local file=$INST/lib/plugins/enabled/$1/$2
	as_dokku mkdir -p "${file%/*}"
	cat >"$file"
	chmod 755 "$file"
}

# says PLUGIN FILE [EXIT]: one that prints its name and arguments.
says() {
	plugin_file "$1" "$2" <<-SH
		#!/bin/bash
		printf '%s' "$1/$2:"
		printf ' <%s>' "\$@"
		echo
		exit ${3:-0}
	SH
}

plugn() {
	as_dokku "$INST/bin/plugn" "$@"
}

@test "a subcommand file gets the whole command line" {
	says redis subcommands/info
	run dokku redis:info one 'two words' --flag
	assert_success
	assert_output 'redis/subcommands/info: <redis:info> <one> <two words> <--flag>'
}

@test "a bare name runs the subcommand of that name, subcommands/default comes first" {
	says redis subcommands/redis
	run dokku redis x
	assert_output 'redis/subcommands/redis: <redis> <x>'
	says redis subcommands/default
	run dokku redis x
	assert_output 'redis/subcommands/default: <redis> <x>'
}

@test "a folder called like the whole command is looked at first" {
	says redis subcommands/info
	says redis:info subcommands/redis:info
	run dokku redis:info
	assert_output 'redis:info/subcommands/redis:info: <redis:info>'
	says redis:info subcommands/default
	run dokku redis:info
	assert_output 'redis:info/subcommands/default: <redis:info>'
}

@test "a subcommand's exit code is the program's" {
	says redis subcommands/fail 42
	run -42 dokku redis:fail
}

@test "commands files: 10 is passed on, 0 is handled and goes on, anything else ends it" {
	says a commands 10
	says b commands 0
	says c commands 0
	says d commands 7
	says e commands 0
	run -7 dokku other:thing x
	assert_output "a/commands: <other:thing> <x>
b/commands: <other:thing> <x>
c/commands: <other:thing> <x>
d/commands: <other:thing> <x>"
	rm -r "$INST/lib/plugins/enabled/d"
	run -0 dokku other:thing
}

@test "what nobody knows is no command" {
	says a commands 10
	run -1 dokku other:thing x
	assert_line ' !     `other:thing x` is not a dokku command.'
	assert_line ' !     See `dokku help` for a list of available commands.'
	run -1 dokku '../../bin/sh'
	run -1 dokku 'a:../../a/commands'
}

@test "a third-party plugin of a built-in one's name takes its place" {
	says apps subcommands/list
	says nginx-vhosts subcommands/report
	run dokku apps:list
	assert_output 'apps/subcommands/list: <apps:list>'
	run dokku nginx:report app
	assert_output 'nginx-vhosts/subcommands/report: <nginx:report> <app>'
	run -1 dokku apps:create second
	refute_file_exists "$INST/home/second"
}

@test "links into core-plugins stand for the built-in plugins" {
	as_dokku mkdir -p "$INST/lib/core-plugins/available/apps/subcommands" "$INST/lib/plugins/enabled"
	as_dokku ln -s "$INST/lib/core-plugins/available/apps" "$INST/lib/plugins/enabled/apps"
	printf '#!/bin/sh\necho wrong\n' >"$INST/lib/core-plugins/available/apps/subcommands/list"
	printf '#!/bin/sh\necho wrong\n' >"$INST/lib/core-plugins/available/apps/post-create"
	chmod 755 "$INST/lib/core-plugins/available/apps"/{subcommands/list,post-create}
	run dokku apps:list
	assert_line app
	refute_output --partial wrong
	run plugn trigger post-create app
	refute_output --partial wrong
}

# proves effect: command help, trigger commands help
@test "help lists what plugins say; they see --all in our command line" {
	plugin_file redis commands <<-'SH'
		#!/bin/bash
		[[ $1 == help ]] || exit 10
		[[ $# == 1 ]] || echo "    too many, arguments"
		if [[ $(ps -o command= $PPID) == *--all* ]]; then
			echo '    redis:info <name>, Print facts'
		else
			echo '    redis, Manage redis'
		fi
	SH
	run dokku help
	assert_output --partial 'redis  Manage redis'
	refute_output --partial 'Print facts'
	refute_output --partial 'too many'
	run dokku help --all
	assert_output --partial 'redis:info <name>  Print facts'
	assert_output --partial '    apps:unlock <app> '
	run ssh_dokku help --all
	assert_output --partial 'redis:info <name>  Print facts'
}

@test "the environment of plugins" {
	plugin_file redis subcommands/env <<-'SH'
		#!/bin/bash
		env | sort
	SH
	run dokku --quiet --app app redis:env --no-restart
	assert_success
	assert_line "DOKKU_ROOT=$INST/home"
	assert_line "DOKKU_HOST_ROOT=$INST/home"
	assert_line "DOKKU_LIB_ROOT=$INST/lib"
	assert_line "DOKKU_LOGS_DIR=$INST/logs"
	assert_line "DOKKU_LOGS_HOST_DIR=$INST/logs"
	assert_line "DOKKU_EVENTS_LOGFILE=$INST/logs/events.log"
	assert_line "PLUGIN_PATH=$INST/lib/plugins"
	assert_line "PLUGIN_AVAILABLE_PATH=$INST/lib/plugins/available"
	assert_line "PLUGIN_ENABLED_PATH=$INST/lib/plugins/enabled"
	assert_line "PLUGIN_CORE_PATH=$INST/lib/core-plugins"
	assert_line "PLUGIN_CORE_AVAILABLE_PATH=$INST/lib/core-plugins/available"
	assert_line "PLUGIN_CORE_ENABLED_PATH=$INST/lib/core-plugins/enabled"
	assert_line 'DOKKU_SYSTEM_USER=dokku'
	assert_line 'DOKKU_SYSTEM_GROUP=dokku'
	assert_line 'DOKKU_API_VERSION=1'
	assert_line 'DOKKU_NOT_IMPLEMENTED_EXIT=10'
	assert_line 'DOKKU_VALID_EXIT=0'
	assert_line 'DOKKU_CONTAINER_LABEL=dokku'
	assert_line 'DOKKU_GLOBAL_RUN_ARGS=--label=org.label-schema.schema-version=1.0 --label=org.label-schema.vendor=dokku --label=dokku'
	assert_line 'DOKKU_GLOBAL_BUILD_ARGS=--label=org.label-schema.schema-version=1.0 --label=org.label-schema.vendor=dokku --label=dokku'
	assert_line 'DOKKU_IMAGE=gliderlabs/herokuish:latest-24'
	assert_line 'DOKKU_CNB_BUILDER=heroku/builder:24'
	assert_line "DOKKU_DISTRO=$(. /etc/os-release && echo "$ID")"
	assert_line 'SSH_NAME=default'
	assert_line 'DOKKU_COMMAND=redis:env'
	assert_line 'DOKKU_APP_NAME=app'
	assert_line 'DOKKU_QUIET_OUTPUT=1'
	assert_line 'DOKKU_GLOBAL_FLAGS=--quiet --app=app --no-restart'
	assert_output --regexp $'\nDOCKER_BIN=.'
	assert_output --regexp $'\nDOKKU_PID=[0-9]+'
	assert_output --regexp $'\nSSH_USER=.'
	assert_line 'USER=dokku'
	run ssh_dokku redis:env
	assert_line 'SSH_NAME=admin'
	assert_line 'NAME=admin'
	assert_line 'SSH_USER=dokku'
	assert_output --regexp $'\nFINGERPRINT=SHA256:'
	refute_output --partial SSH_ORIGINAL_COMMAND
	refute_output --partial DOKKU_QUIET_OUTPUT
}

@test "global flags count wherever they stand in a third-party command, and stay in its line" {
	plugin_file redis subcommands/env <<-'SH'
		#!/bin/bash
		echo "$* / ${DOKKU_APP_NAME:-} ${DOKKU_APPS_FORCE_DELETE:-} ${DOKKU_TRACE:-}"
	SH
	run dokku redis:env x --app app --force
	assert_output 'redis:env x --app app --force / app 1 '
	run dokku --app app redis:env x
	assert_output 'redis:env x / app  '
	run --separate-stderr dokku redis:env --trace
	assert_output 'redis:env --trace /   1'
}

@test "an inherited app name is used where the app is missing and ignored elsewhere" {
	dokku config:set app A=1 >/dev/null
	run in_instance DOKKU_APP_NAME=app "$INST/bin/dokku" config:get A
	assert_output 1
	run in_instance DOKKU_APP_NAME=app "$INST/bin/dokku" config:get app A
	assert_output 1
}

@test "a command run by a plugin in the middle of another one works on the same app" {
	plugin_file redis pre-delete <<-'SH'
		#!/bin/bash
		dokku config:set --no-restart "$1" FROM_PLUGIN=1 >&2
		dokku config:get "$1" FROM_PLUGIN >"$DOKKU_ROOT/said"
	SH
	dokku apps:create shortlived >/dev/null
	run in_instance timeout 20 "$INST/bin/dokku" --force apps:destroy shortlived
	assert_success
	assert_file_is "$INST/home/said" 1
	refute_file_exists "$INST/lib/config/shortlived"
}

@test "plugn trigger runs all handlers in name order, built-in ones in their place" {
	says 0first config-get
	says azure config-get
	says docker config-get
	dokku config:set app A=built-in >/dev/null
	run plugn trigger config-get app A
	assert_success
	assert_output "0first/config-get: <app> <A>
azure/config-get: <app> <A>
built-indocker/config-get: <app> <A>"
}

@test "the first failing handler ends a trigger with its exit code" {
	says a my-hook
	says b my-hook 9
	says c my-hook
	run -9 plugn trigger my-hook x
	assert_line 'b/my-hook: <x>'
	refute_output --partial c/my-hook
	run -0 plugn trigger nobody-listens
	refute_output
}

@test "handlers share one standard input: the first that reads has it all" {
	plugin_file a my-hook <<<$'#!/bin/sh\necho "a: $(cat)"'
	plugin_file b my-hook <<<$'#!/bin/sh\necho "b: $(cat)"'
	run bash -c 'echo text | "$@"' - "$LAB" as "$LAB_NAME" "$INST/bin/plugn" trigger my-hook
	assert_line 'a: text'
	assert_line 'b: '
}

@test "a file that is not executable is no handler" {
	says a my-hook
	chmod 644 "$INST/lib/plugins/enabled/a/my-hook"
	run -0 plugn trigger my-hook
	refute_output --partial a/my-hook
}

@test "plugn init, enable, disable, list, source, config, and what it does not know" {
	plugn init
	assert_file_exists "$INST/lib/plugins/config.toml"
	as_dokku mkdir "$INST/lib/plugins/available/redis"
	cat >"$INST/lib/plugins/available/redis/plugin.toml" <<-'TOML'
		[plugin]
		description = "keeps keys"
		version = "1.2"
		[plugin.config]
		image = "redis:7"
	TOML
	touch "$INST/lib/plugins/available/redis/redis.sh"
	assert_equal "$(plugn list)" "  $(printf '%-20s %-5s %-10s %s' redis 1.2 disabled 'keeps keys')"
	plugn enable redis
	assert_equal "$(plugn list)" "  $(printf '%-20s %-5s %-10s %s' redis 1.2 enabled 'keeps keys')"
	assert_equal "$(plugn source)" "source $INST/lib/plugins/enabled/redis/redis.sh"
	assert_equal "$(plugn config export redis)" 'export CONFIG_IMAGE="${REDIS_IMAGE:-"redis:7"}"'
	assert_equal "$(plugn config get redis image)" redis:7
	plugn disable redis
	refute_file_exists "$INST/lib/plugins/enabled/redis"
	run -1 plugn enable ../../../etc
	run -2 plugn nonsense
	assert_output --partial 'No such command'
	run -0 plugn version
}

@test "shell settings: plain ones, scripts, folders; they reach plugins" {
	plugin_file redis subcommands/env <<<$'#!/bin/sh\necho "$PLAIN|$SCRIPTED|$LATER|$BARE|$DOKKU_BARE"'
	as_dokku mkdir "$INST/home/.dokkurc"
	printf '# settings\nexport PLAIN="a b"\nBARE=1\nDOKKU_BARE=2\n' | as_dokku tee "$INST/home/dokkurc" >/dev/null
	printf 'if true; then export SCRIPTED=$(echo $PLAIN | tr a-z A-Z); fi\necho noise\n' | as_dokku tee "$INST/home/.dokkurc/A" >/dev/null
	echo "export LATER='x\"y'" | as_dokku tee "$INST/home/.dokkurc/B" >/dev/null
	run --separate-stderr dokku redis:env
	assert_output 'a b|A B|x"y||2'
	# A second time from memory, then after a change.
	run --separate-stderr dokku redis:env
	assert_output 'a b|A B|x"y||2'
	printf 'if true; then export SCRIPTED=again; fi\n' | as_dokku tee "$INST/home/.dokkurc/A" >/dev/null
	run --separate-stderr dokku redis:env
	assert_output 'a b|again|x"y||2'
}

@test "a script of settings is evaluated once, not at every start" {
	printf 'for i in 1; do echo x >>%s; done\n' "$INST/home/said" | as_dokku tee "$INST/home/dokkurc" >/dev/null
	dokku apps:list >/dev/null
	dokku apps:list >/dev/null
	assert_file_is "$INST/home/said" x
}

@test "settings that others may write, or that fail, are not taken" {
	echo 'export PLAIN=evil' | as_dokku tee "$INST/home/dokkurc" >/dev/null
	chmod 666 "$INST/home/dokkurc"
	plugin_file redis subcommands/env <<<$'#!/bin/sh\necho "<$PLAIN>"'
	run dokku redis:env
	assert_output --partial 'dokkurc is left out'
	assert_output --partial '<>'
	chmod 644 "$INST/home/dokkurc"
	chown 12345 "$INST/home/dokkurc"
	run dokku redis:env
	assert_output --partial '<>'
	as_dokku rm -f "$INST/home/dokkurc"
	echo 'false || exit 3' | as_dokku tee "$INST/home/dokkurc" >/dev/null
	run -1 dokku redis:env
	assert_output --partial 'dokkurc'
}

@test "settings of the user are not read while the process is root" {
	echo 'export PATH=/nowhere; export SSHCOMMAND_ALLOWED_KEYS=no-pty' | as_dokku tee "$INST/home/dokkurc" >/dev/null
	ssh-keygen -q -t ed25519 -N '' -f "$INST/keys/k"
	run dokku ssh-keys:add k "$INST/keys/k.pub"
	assert_success
	run grep -c no-agent-forwarding "$INST/home/.ssh/authorized_keys"
	assert_output 2
	dokku ssh-keys:remove k
}

# proves effect: command trace:on, command trace:off
@test "trace:on lasts until trace:off" {
	run dokku trace:on
	assert_output '-----> Enabling trace mode'
	assert_file_is "$INST/home/.dokkurc/DOKKU_TRACE" 'export DOKKU_TRACE=1'
	says redis subcommands/x
	plugin_file redis subcommands/env <<<$'#!/bin/sh\necho "<$DOKKU_TRACE>"'
	run --separate-stderr dokku redis:env
	assert_output '<1>'
	run dokku trace:off
	assert_line '-----> Disabling trace mode'
	run dokku redis:env
	assert_output '<>'
	run dokku trace
	assert_output --partial 'Usage: dokku trace'
}

# proves golden: command version
@test "both names tell their version" {
	run dokku version
	assert_output 'dokku version 0.38.27'
	run dokku --version
	assert_output 'dokku version 0.38.27'
	run dokku -v
	assert_output 'dokku version 0.38.27'
	run in_instance "$INST/bin/moorage" version
	assert_output --regexp '^moorage version [0-9.]+ \(dokku 0\.38\.27\)$'
}
