#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# git:from-archive: an archive becomes a commit and a build; one that does not fit changes nothing.

bats_require_minimum_version 1.5.0
load sources.bash

setup_file() {
	sources_begin
	host_begin
}

teardown_file() {
	sources_end
}

setup() {
	make_app "a$BATS_TEST_NUMBER"
	FILES=$inst/host/files
	URL=http://127.0.0.1:$HOST_PORT/files
	TREE=$BATS_TEST_TMPDIR/tree
	source_files "$TREE" one
}

# proves effect: command git:from-archive, trigger git-from-archive
@test "git:from-archive takes a tar file from standard input" {
	tar -C "$TREE" -c . > "$BATS_TEST_TMPDIR/x.tar"
	run -0 dokku git:from-archive "$APP" -- < "$BATS_TEST_TMPDIR/x.tar"
	[[ "$output" == *"-----> Fetching tar file from stdin"*"$(stat -c %s "$BATS_TEST_TMPDIR/x.tar")"* ]]
	[[ "$output" == *"-----> Generating build context"* ]]
	[[ "$output" == *"-----> Updating git repository with specified build context"* ]]
	[ "$(built_text)" = one ]
	[ "$(text_at master)" = one ]
	[ "$(in_repo log --format='%an <%ae> %s' master)" = "Dokku <automated@dokku.sh> Initial commit" ]
	[ "$(cat "$inst/lib/config/git/$APP/deploy-branch")" = master ]
	[ "$(deploy_source)" = tar ]
	[ "$(deploy_metadata)" = -- ]
	grep -q "^GIT_REV=\"$(in_repo rev-parse master)\"$" "$inst/lib/config/$APP/ENV"
	# The same work for plugins that call the trigger; where it comes from is theirs to say.
	echo two > "$TREE/text"
	tar -C "$TREE" -c . > "$FILES/$APP.tar"
	run -0 plugn trigger git-from-archive "$APP" "$URL/$APP.tar" tar
	[ "$(built_text)" = two ]
	[ "$(deploy_metadata)" = -- ]
}

@test "a commit is made by whom the command names, and on top of the one before" {
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" -- "Ada L" ada@example.com
	echo two > "$TREE/text"
	rm -f "$TREE/gone"
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" --
	[ "$(in_repo log --format='%an <%ae> %s' master | sed 's/@ [0-9]*$/@ N/')" = "Dokku <automated@dokku.sh> Automated commit @ N
Ada L <ada@example.com> Initial commit" ]
	[ "$(text_at master)" = two ]
	refused git:from-archive "$APP" -- 'a
b' < "$BATS_TEST_DIRNAME/sources.bash"
}

@test "an archive that is as the last one ends with what Dokku says" {
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" --
	tar -C "$TREE" -c . > "$BATS_TEST_TMPDIR/x.tar"
	refused git:from-archive "$APP" -- < "$BATS_TEST_TMPDIR/x.tar"
	[ "$status" -eq 1 ]
	[[ "$output" == *" !     No changes detected, skipping git commit"* ]]
	[[ "$output" == *" !     Call 'ps:rebuild' on app to rebuild the app from existing source"* ]]
}

@test "tar, tar.gz and zip come over HTTP, folders that all share are dropped" {
	mkdir -p "$BATS_TEST_TMPDIR/in/top/deep"
	cp "$TREE"/* "$BATS_TEST_TMPDIR/in/top/deep"
	tar -C "$BATS_TEST_TMPDIR/in" -c top/deep/Dockerfile top/deep/text > "$FILES/$APP.tar"
	run -0 dokku git:from-archive "$APP" "$URL/$APP.tar"
	[[ "$output" == *"-----> Downloading tar file from $URL/$APP.tar"* ]]
	[[ "$output" == *"       Stripping 2 worth of directories from tarball"* ]]
	[ "$(built_text)" = one ]
	[ "$(deploy_metadata)" = "$URL/$APP.tar" ]

	echo two > "$TREE/text"
	tar -C "$BATS_TEST_TMPDIR" -cz tree > "$FILES/$APP.tar.gz"
	run -0 dokku git:from-archive --archive-type tar.gz "$APP" "http://127.0.0.1:$HOST_PORT/moved/$APP.tar.gz"
	[[ "$output" == *"       Extracting gzipped tarball"* ]]
	[[ "$output" == *"       Stripping top-level archive folder components"* ]]
	[ "$(built_text)" = two ]
	[ "$(deploy_source)" = tar.gz ]

	echo three > "$TREE/text"
	python3 -c 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[2])' "$FILES/$APP" "$TREE"
	run -0 dokku git:from-archive "$APP" "$URL/$APP.zip" --archive-type zip
	[[ "$output" == *"       Extracting zipball"* ]]
	[[ "$output" == *"       Moving unarchived files and folders into place"* ]]
	[ "$(built_text)" = three ]
	[ "$(deploy_source)" = zip ]
}

@test "a password in the address is used, and neither shown nor stored" {
	tar -C "$TREE" -c . > "$FILES/$APP.tar"
	run -0 dokku git:from-archive "$APP" "http://somebody:hidden-word@127.0.0.1:$HOST_PORT/files/$APP.tar"
	[[ "$output" != *hidden-word* ]]
	[ "$(deploy_metadata)" = "$URL/$APP.tar" ]
	run ! grep -rq hidden-word "$inst/lib" "$inst/home" "$inst/logs"
}

@test "what cannot be fetched changes nothing" {
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" --
	refused git:from-archive "$APP" "$URL/nothing.tar"
	[[ "$output" == *404* ]]
	refused git:from-archive "$APP" file:///etc/hostname
	[[ "$output" == *"neither http:// nor https://"* ]]
	refused git:from-archive "$APP" ftp://127.0.0.1/x.tar
	refused git:from-archive "$APP" --archive-type rar -- < /dev/null
	[[ "$output" == *"Invalid archive type specified, valid archive types include: tar, tar.gz, zip"* ]]
	refused git:from-archive "$APP"
	[[ "$output" == *"Please specify an archive url or -- to fetch the archive from stdin"* ]]
	refused git:from-archive "$APP" -- < "$BATS_TEST_DIRNAME/sources.bash"
	refused git:from-archive "$APP" -- < /dev/null
}

# hostile NAME: as standard input it is refused.
hostile() {
	refused git:from-archive "$APP" -- < "$BATS_TEST_TMPDIR/$1" || return 1
	[[ "$output" == *"Unable to unpack the archive: "* ]]
}

@test "an archive that would write outside of its folder is refused" {
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" --
	cd "$BATS_TEST_TMPDIR"
	tar -C "$TREE" -cPf up.tar --transform 's,^./text,../../evil,' ./Dockerfile ./text
	hostile up.tar
	tar -C "$TREE" -cPf absolute.tar --transform "s,^./text,$BATS_TEST_TMPDIR/evil," ./Dockerfile ./text
	hostile absolute.tar
	ln -s /etc "$TREE/out"
	tar -C "$TREE" -cf link.tar .
	hostile link.tar
	ln -sfn ../../.. "$TREE/out"
	tar -C "$TREE" -cf climb.tar .
	hostile climb.tar
	mkfifo "$TREE/fifo"
	rm "$TREE/out"
	tar -C "$TREE" -cf fifo.tar .
	hostile fifo.tar
	[ ! -e "$BATS_TEST_TMPDIR/evil" ]
	[ -z "$(find /tmp -maxdepth 2 -name evil 2> /dev/null)" ]
}

# proves effect: property git/archive-max-size, property git/archive-max-files
@test "archive-max-size and archive-max-files bound what is unpacked" {
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" --
	head -c 5000000 /dev/zero > "$TREE/zeros"
	tar -C "$TREE" -cz . > "$BATS_TEST_TMPDIR/bomb.tar.gz"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/bomb.tar.gz")" -lt 100000 ]
	dokku git:set --global archive-max-size 100000
	refused git:from-archive --archive-type tar.gz "$APP" -- < "$BATS_TEST_TMPDIR/bomb.tar.gz"
	refused git:from-archive "$APP" "http://127.0.0.1:$HOST_PORT/endless"
	[[ "$output" == *"Archive exceeds maximum allowed size of 100000 bytes"* ]]
	dokku git:set --global archive-max-size
	rm "$TREE/zeros"
	touch "$TREE"/more-{1..20}
	tar -C "$TREE" -c . > "$BATS_TEST_TMPDIR/many.tar"
	dokku git:set --global archive-max-files 10
	refused git:from-archive "$APP" -- < "$BATS_TEST_TMPDIR/many.tar"
	dokku git:set --global archive-max-files
	run -0 dokku git:from-archive "$APP" -- < "$BATS_TEST_TMPDIR/many.tar"
}

@test "a build that fails leaves branch, source and image as they were" {
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" --
	broken_files "$TREE"
	tar -C "$TREE" -c . > "$BATS_TEST_TMPDIR/x.tar"
	refused git:from-archive "$APP" -- < "$BATS_TEST_TMPDIR/x.tar"
	[[ "$output" == *"App build failed"* ]]
	# And a first one leaves an app without a source.
	make_app "$APP-new"
	refused git:from-archive "$APP" -- < "$BATS_TEST_TMPDIR/x.tar"
	run ! in_repo rev-parse --verify -q master
}

@test "git's own files in an archive are no part of the commit and run nothing" {
	git -C "$TREE" init -q
	mkdir -p "$TREE/sub"
	git -C "$TREE/sub" init -q
	printf '#!/bin/sh\ntouch %s\n' "$BATS_TEST_TMPDIR/ran" > "$TREE/.git/hooks/pre-commit"
	chmod +x "$TREE/.git/hooks/pre-commit"
	git -C "$TREE/sub" config core.fsmonitor "touch $BATS_TEST_TMPDIR/ran; false"
	echo inner > "$TREE/sub/file"
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" --
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	[ "$(in_repo ls-tree -r --name-only master)" = "Dockerfile
sub/file
text" ]
}

# proves effect: trigger git-from-directory, trigger deploy-source-set, trigger git-from-archive
@test "plugins hear of git-from-archive, git-from-directory and deploy-source-set" {
	mkdir -p "$inst/lib/plugins/enabled/zz-sources"
	for trigger in git-from-archive git-from-directory deploy-source-set; do
		printf '#!/bin/sh\necho "%s $*" >> %s\n' "$trigger" "$inst/heard" \
			> "$inst/lib/plugins/enabled/zz-sources/$trigger"
		chmod +x "$inst/lib/plugins/enabled/zz-sources/$trigger"
	done
	printf 'echo more > "$2/added"\n' >> "$inst/lib/plugins/enabled/zz-sources/git-from-directory"
	tar -C "$TREE" -c . | dokku git:from-archive "$APP" -- Ada ada@example.com
	rm -r "$inst/lib/plugins/enabled/zz-sources"
	run -0 sed 's,/tmp/[^ ]*,DIR,' "$inst/heard"
	[ "$output" = "git-from-archive $APP -- tar Ada ada@example.com
git-from-directory $APP DIR Ada ada@example.com
deploy-source-set $APP tar --" ]
	[ "$(in_repo show master:added)" = more ]
	# Plugins that make a source themselves call the trigger.
	echo two > "$TREE/text"
	plugn trigger git-from-directory "$APP" "$TREE" Bob bob@example.com
	[ "$(built_text)" = two ]
	[ "$(in_repo log -1 --format=%an master)" = Bob ]
}
