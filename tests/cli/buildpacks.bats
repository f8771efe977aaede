#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The list of an app's buildpacks, the stack, what builds get to see of them, buildpacks:detect.

bats_require_minimum_version 1.5.0
load sources.bash

setup_file() {
	sources_begin
	# A stack of our own: it says what it found where.
	mkdir "$inst/stack"
	cat >"$inst/stack/herokuish" <<-'SH'
		#!/bin/sh
		[ "$*" = 'buildpack detect /tmp/app' ] || exit 64
		[ -e /tmp/app/text ] || { echo 'Unable to select a buildpack' >&2; exit 1; }
		echo "       $(cat /stack) app of $(cat /tmp/app/text)"
	SH
	chmod +x "$inst/stack/herokuish"
	for name in plain other; do
		printf 'FROM moorage-lab/busybox:1\nCOPY herokuish /bin/herokuish\nRUN echo %s >/stack\nENTRYPOINT []\n' "$name" |
			docker build -q --force-rm --label dokku --label "com.moorage.instance=$label" \
				-t "$label-stack:$name" -f - "$inst/stack" >/dev/null
	done
	# It ends every push once the source is looked through, and shows what is in it then.
	hook zz-late post-extract <<-'SH'
		cp "$2/.buildpacks" "$DOKKU_LIB_ROOT/late" 2>/dev/null || rm -f "$DOKKU_LIB_ROOT/late"
		stat -c %a "$2/.buildpacks" >"$DOKKU_LIB_ROOT/late-mode" 2>/dev/null
		exit 3
	SH
}

teardown_file() {
	docker volume ls -q --filter "name=$label" | xargs -r docker volume rm -f >/dev/null || true
	sources_end
}

setup() {
	make_app "b$BATS_TEST_NUMBER"
	git init -q "$inst/src/$APP"
}

# hook PLUGIN TRIGGER: an executable of a third-party plugin, from stdin
hook() {
	mkdir -p "$inst/lib/plugins/enabled/$1"
	{ echo '#!/bin/sh'; cat; } >"$inst/lib/plugins/enabled/$1/$2"
	chmod +x "$inst/lib/plugins/enabled/$1/$2"
}

stored() {
	cat "$inst/lib/config/buildpacks/$APP/buildpacks"
}

gives() {
	diff <(printf '%s\n' "$@") <(stored)
}

# fails TEXT COMMAND...: with exit code 1, and the list stays
fails() {
	local text=$1 before
	shift
	before=$(stored 2>/dev/null || true)
	run -1 dokku "$@"
	[ "$output" = " !     $text" ] || { echo "$output"; return 1; }
	[ "$before" = "$(stored 2>/dev/null || true)" ]
}

# extracted FILE...: pushes what is in the app's working copy, up to where builders look at it
extracted() {
	git -C "$inst/src/$APP" add -A
	git -C "$inst/src/$APP" commit -q --allow-empty -m change
	run git -C "$inst/src/$APP" push "dokku@test:$APP" main
	# shellcheck disable=SC2154 # run sets it
	[ "$status" -ne 0 ]
}

# proves golden: command buildpacks:add, command buildpacks:list
@test "buildpacks:add puts one at the end or at a place, buildpacks:list shows them in order" {
	run -0 dokku buildpacks:list "$APP"
	[ "$output" = "-----> $APP buildpack urls" ]
	run -0 dokku buildpacks:add "$APP" heroku/nodejs
	[ -z "$output" ]
	dokku buildpacks:add "$APP" https://github.com/org/last
	dokku buildpacks:add --index 1 "$APP" heroku-community/apt
	dokku buildpacks:add "$APP" --index 3 'git@example.com:org/third.git#v2'
	dokku buildpacks:add --index 9 "$APP" file:///srv/buildpacks/own
	gives https://github.com/heroku/heroku-buildpack-apt.git \
		https://github.com/heroku/heroku-buildpack-nodejs.git 'git@example.com:org/third.git#v2' \
		https://github.com/org/last file:///srv/buildpacks/own
	[ "$(stat -c %a "$inst/lib/config/buildpacks/$APP/buildpacks")" = 600 ]
	run -0 dokku buildpacks:list "$APP"
	[ "$output" = "-----> $APP buildpack urls
       https://github.com/heroku/heroku-buildpack-apt.git
       https://github.com/heroku/heroku-buildpack-nodejs.git
       git@example.com:org/third.git#v2
       https://github.com/org/last
       file:///srv/buildpacks/own" ]
	run -0 dokku --quiet buildpacks:list "$APP"
	[ "${lines[0]}" = '       https://github.com/heroku/heroku-buildpack-apt.git' ]
	fails 'Must specify a buildpack url or reference' buildpacks:add "$APP"
	fails 'Invalid buildpack specified: nodejs' buildpacks:add "$APP" nodejs
	fails 'Invalid buildpack specified: ssh://git@example.com/org/name' buildpacks:add "$APP" \
		ssh://git@example.com/org/name
	run -1 dokku buildpacks:add --index -1 "$APP" heroku/go
	[[ "$output" == *'invalid argument "-1" for "--index" flag'* ]]
	run -20 dokku buildpacks:add nothing heroku/go
}

# proves golden: command buildpacks:set
@test "buildpacks:set takes the place of one, or of all with --replace" {
	dokku buildpacks:set "$APP" heroku/nodejs
	gives https://github.com/heroku/heroku-buildpack-nodejs.git
	dokku buildpacks:set "$APP" heroku/ruby
	dokku buildpacks:set --index 2 "$APP" heroku/go
	dokku buildpacks:set --index 7 "$APP" heroku/php
	dokku buildpacks:set --index 2 "$APP" heroku/python
	gives https://github.com/heroku/heroku-buildpack-{ruby,python,php}.git
	dokku buildpacks:set --replace "$APP" heroku/java heroku/go
	gives https://github.com/heroku/heroku-buildpack-{java,go}.git
	fails 'Setting multiple buildpacks requires the --replace flag' buildpacks:set "$APP" heroku/a heroku/b
	fails 'Must specify a buildpack' buildpacks:set "$APP"
	fails 'The --index flag cannot be used with --replace' buildpacks:set --index 1 --replace "$APP" heroku/a
	fails 'Must specify at least one buildpack, use buildpacks:clear to remove all buildpacks' \
		buildpacks:set --replace "$APP"
	fails 'Invalid buildpack specified: b' buildpacks:set --replace "$APP" heroku/a b
}

# proves golden: command buildpacks:remove, command buildpacks:clear
@test "buildpacks:remove takes one out by its URL or place, buildpacks:clear all" {
	fails "No buildpacks were found, next release on $APP will detect buildpack normally" \
		buildpacks:remove "$APP" heroku/go
	dokku buildpacks:set --replace "$APP" heroku/{java,go,php}
	fails 'Please choose either index or Buildpack, but not both' buildpacks:remove --index 1 "$APP" heroku/go
	fails 'Must specify a buildpack to remove, either by index or URL' buildpacks:remove "$APP"
	fails 'Invalid buildpack specified: go' buildpacks:remove "$APP" go
	fails 'Index not found' buildpacks:remove --index 4 "$APP"
	fails 'Value not found' buildpacks:remove "$APP" heroku/ruby
	run -0 dokku buildpacks:remove "$APP" heroku/java
	[ "$output" = '-----> Removing https://github.com/heroku/heroku-buildpack-java.git' ]
	run -0 dokku buildpacks:remove --index 2 "$APP"
	[ "$output" = '-----> Removing https://github.com/heroku/heroku-buildpack-php.git' ]
	gives https://github.com/heroku/heroku-buildpack-go.git
	run -0 dokku buildpacks:clear "$APP"
	[ -z "$output" ]
	[ ! -e "$inst/lib/config/buildpacks/$APP/buildpacks" ]
	dokku buildpacks:clear "$APP"
}

# proves effect: property buildpacks/buildpacks
@test "builds see the stored buildpacks, else those of app.json, else the file of the source" {
	work=$inst/src/$APP
	printf '# first\n\n  heroku/ruby  \nhttps://example.com/org/name.git' >"$work/.buildpacks"
	hook aa-early post-extract <<<"cp \"\$2/.buildpacks\" $inst/early"
	extracted
	[ "$(cat "$inst/lib/late")" = "# first
https://github.com/heroku/heroku-buildpack-ruby.git
https://example.com/org/name.git" ]
	[ "$(cat "$inst/lib/late-mode")" = 600 ]
	cmp "$inst/early" "$work/.buildpacks" # that plugin comes before
	rm -r "$inst/lib/plugins/enabled/aa-early"
	echo '{"buildpacks": [{"url": "heroku/php"}, {"url": "https://example.com/org/two"}]}' >"$work/app.json"
	extracted
	[ "$(cat "$inst/lib/late")" = "https://github.com/heroku/heroku-buildpack-php.git
https://example.com/org/two" ]
	dokku buildpacks:add "$APP" heroku/go
	extracted
	[ "$(cat "$inst/lib/late")" = https://github.com/heroku/heroku-buildpack-go.git ]
	dokku buildpacks:clear "$APP"
	# What app.json says is not for an app that comes as an image.
	property git "$APP" source-image example/image
	docker build -q -t example/image --label "com.moorage.instance=$label" - <<<'FROM scratch
LABEL x=1' >/dev/null
	git -C "$inst/home/$APP" fetch -q "$work" main:main
	property git "$APP" deploy-branch main
	run dokku ps:rebuild "$APP"
	[ "$(head -n1 "$inst/lib/late")" = '# first' ]
	property git "$APP" source-image ''
	rm "$work/app.json" "$work/.buildpacks"
	extracted
	[ ! -e "$inst/lib/late" ]
}

@test "a .buildpacks that names none ends the push, with its line" {
	printf '# ours\nnodejs\n' >"$inst/src/$APP/.buildpacks"
	extracted
	[[ "$output" == *'Unable to parse .buildpacks file, line 2: Invalid buildpack specified: nodejs'* ]]
	rm "$inst/src/$APP/.buildpacks"
	ln -s /etc/passwd "$inst/src/$APP/.buildpacks"
	extracted
	[[ "$output" != *root* ]]
}

# proves effect: command buildpacks:set-property, property buildpacks/stack, trigger buildpack-stack-name
@test "buildpacks:set-property stack: the image of the app, else of all, else DOKKU_IMAGE with a warning" {
	warning='Deprecated: use buildpacks:set-property instead of specifying DOKKU_IMAGE environment variable'
	stack() {
		plugn trigger buildpack-stack-name "$APP"
	}
	run -0 stack
	[ -z "$output" ]
	dokku config:set --no-restart "$APP" DOKKU_IMAGE=old/image
	run -0 --separate-stderr stack
	[ "$output" = old/image ]
	# shellcheck disable=SC2154 # run sets it
	[ "${stderr##*!     }" = "$warning" ]
	run -0 --separate-stderr dokku buildpacks:report "$APP" --buildpacks-computed-stack
	[ "$output" = old/image ]
	[ "${stderr##*!     }" = "$warning" ]
	dokku buildpacks:set-property --global stack for/all
	run -0 stack
	[ "$output" = for/all ]
	run -0 dokku buildpacks:set-property "$APP" stack for/one
	[ "$output" = '=====> Setting stack to for/one' ]
	run -0 stack
	[ "$output" = for/one ]
	run -0 dokku buildpacks:report "$APP"
	[ "$output" = "=====> $APP buildpacks information
       Buildpacks computed stack:     for/one
       Buildpacks global stack:       for/all
       Buildpacks list:               
       Buildpacks stack:              for/one" ]
	dokku buildpacks:set-property "$APP" stack
	dokku buildpacks:set-property --global stack
	dokku config:unset --no-restart "$APP" DOKKU_IMAGE
	run -0 env DOKKU_IMAGE=from/environment "$inst/bin/dokku" buildpacks:report "$APP" --buildpacks-computed-stack
	[ "$output" = from/environment ]
}

# proves effect: trigger post-stack-set
@test "post-stack-set: a stack that changes clears what builds of the app have kept, and plugins hear of it" {
	cache() {
		docker volume create --label "com.moorage.instance=$label" "$label.cache-$APP" >/dev/null
	}
	hook zz-late post-stack-set <<<"echo \"post-stack-set \$*\" >>$inst/told"
	cache
	dokku buildpacks:set-property "$APP" stack some/image
	run ! docker volume inspect "$label.cache-$APP"
	cache
	dokku buildpacks:set-property "$APP" stack some/image
	docker volume inspect "$label.cache-$APP" >/dev/null
	dokku buildpacks:set-property --global stack other/image
	run ! docker volume inspect "$label.cache-$APP"
	dokku buildpacks:set-property --global stack
	grep -x "post-stack-set $APP .*" "$inst/told" | diff - <(printf 'post-stack-set %s %s\n' \
		"$APP" some/image "$APP" other/image "$APP" '')
	rm "$inst/lib/plugins/enabled/zz-late/post-stack-set"
}

# proves stand-in: command buildpacks:detect
@test "buildpacks:detect asks the app's stack about a branch, and leaves nothing behind" {
	run -1 dokku buildpacks:detect "$APP"
	[[ "$output" == *"Unable to checkout bare git repository"* ]]
	work=$inst/src/$APP
	echo one >"$work/text"
	git -C "$work" add -A
	git -C "$work" commit -qm one
	git -C "$inst/home/$APP" fetch -q "$work" main:main 2>/dev/null ||
		{ git init -q --bare "$inst/home/$APP"; git -C "$inst/home/$APP" fetch -q "$work" main:main; }
	property git "$APP" deploy-branch main
	dokku buildpacks:set-property "$APP" stack "$label-stack:plain"
	run -0 dokku buildpacks:detect "$APP"
	[ "$output" = '       plain app of one' ]
	dokku buildpacks:set-property "$APP" stack "$label-stack:other"
	git -C "$work" checkout -qb next
	git -C "$work" rm -q text
	git -C "$work" commit -qm none
	git -C "$inst/home/$APP" fetch -q "$work" next:next
	run -0 dokku buildpacks:detect "$APP"
	[ "$output" = '       other app of one' ]
	run -1 dokku buildpacks:detect --branch next "$APP"
	[ "$output" = ' !     Buildpack detection failed: Unable to select a buildpack' ]
	run -1 dokku buildpacks:detect --branch none "$APP"
	[[ "$output" == *"there is no 'none' in it"* ]]
	[ -z "$(docker ps -aq --filter "label=com.moorage.instance=$label")" ]
	[ ! -e "$inst/home/$APP/index" ]
}

@test "a clone and a renamed app have the buildpacks and the stack, a removed one leaves none" {
	dokku buildpacks:add "$APP" heroku/go
	dokku buildpacks:set-property "$APP" stack some/image
	dokku apps:clone --skip-deploy "$APP" "$APP-copy"
	[ "$(dokku buildpacks:report "$APP-copy" --buildpacks-list)" = https://github.com/heroku/heroku-buildpack-go.git ]
	dokku apps:rename --skip-deploy "$APP-copy" "$APP-new"
	[ "$(dokku buildpacks:report "$APP-new" --buildpacks-stack)" = some/image ]
	[ ! -e "$inst/lib/config/buildpacks/$APP-copy" ]
	dokku --force apps:destroy "$APP-new"
	[ ! -e "$inst/lib/config/buildpacks/$APP-new" ]
}
