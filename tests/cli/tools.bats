#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The programs beside the main one, against archives by python and certificates by openssl.

bats_require_minimum_version 1.5.0

setup() {
	work=$(mktemp -d "$BATS_TEST_TMPDIR/w.XXXXXX")
	cd "$work"
	x509=$TOOLS/moorage-x509
	archive=$TOOLS/moorage-archive
	# A marker beside the destination: whatever climbs would land here.
	mkdir box
	dest=$work/box/dest
}

hostile() {
	python3 "$BATS_TEST_DIRNAME/hostile.py" "$1"
}

field() {
	python3 -c 'import json,sys; v=json.load(sys.stdin)[sys.argv[1]]; print(v if isinstance(v,str) else json.dumps(v))' "$1"
}

# refused NAME TEXT [OPTION...]: the archive is refused with TEXT, one line, and leaves nothing.
refused() {
	local name=$1 text=$2
	shift 2
	hostile "$name" > in.bin
	# A folder that was not there is not there afterwards ...
	run ! --separate-stderr "$archive" extract "$@" "$dest" < in.bin
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ "$stderr" == *"$text"* ]] || { echo "got: $stderr" >&2; false; }
	[ ! -e "$dest" ]
	# ... and an empty one is empty, whether the input is a file or a pipe.
	mkdir "$dest"
	run ! --separate-stderr bash -c 'cat in.bin | "$@"' - "$archive" extract "$@" "$dest"
	[[ "$stderr" == *"$text"* ]]
	[ -z "$(ls -A "$dest")" ]
	[ "$(ls -A box)" = dest ]
	[ ! -e /tmp/evil ]
}

@test "archive: an honest tar comes out with files, links and plain modes" {
	hostile plain | "$archive" extract "$dest" > out.json
	[ "$(field files < out.json)" = 7 ]
	[ "$(cat "$dest/proj/Procfile")" = "web: run" ]
	[ "$(readlink "$dest/proj/bin/up")" = ../Procfile ]
	[ "$dest/proj/again" -ef "$dest/proj/Procfile" ]
	[ "$(stat -c %a "$dest/proj/bin/run")" = 755 ]
	[ -f "$dest/proj/läden" ]
}

@test "archive: gzip, xz and GNU long names are read" {
	hostile plain_gz | "$archive" extract --type tar.gz a > /dev/null
	hostile plain_xz | "$archive" extract --type tar b > /dev/null
	hostile gnu | "$archive" extract c > /dev/null
	diff -r --no-dereference a b
	[ "$(cat c/proj/lll*)" = long ]
}

@test "archive: a zip from a pipe keeps links and the executable bit" {
	hostile zip | "$archive" extract --type zip "$dest" > /dev/null
	[ "$(readlink "$dest/proj/l")" = a ]
	[ -x "$dest/proj/run" ]
	[ ! -x "$dest/proj/a" ]
	[ -f "$dest/proj/läden" ]
	hostile zip > in.zip
	"$archive" extract second < in.zip > /dev/null
	diff -r --no-dereference "$dest" second
}

@test "archive: strip-common drops what all members share" {
	hostile plain | "$archive" extract --strip-common a > out.json
	[ -f a/Procfile ]
	[ "$(field common < out.json) $(field stripped < out.json)" = "1 1" ]
	hostile deep_common | "$archive" extract --strip-common b > out.json
	[ "$(cat b/x b/y/z)" = xz ]
	[ "$(field common < out.json) $(field stripped < out.json)" = "3 3" ]
	hostile same_name | "$archive" extract --strip-common c > /dev/null
	[ "$(cat c/p c/.strip-0)" = inners ]
	hostile two_tops | "$archive" extract --strip-common d > out.json
	[ -f d/a/x ]
	[ "$(field stripped < out.json)" = 0 ]
	hostile zip | "$archive" extract --strip-common e > out.json
	[ -f e/a ]
	[ "$(field common < out.json) $(field stripped < out.json)" = "0 1" ]
	hostile dotslash | "$archive" extract --strip-common f > /dev/null
	[ "$(cat f/a f/b/c)" = ac ]
}

@test "archive: an empty tar is an empty folder" {
	hostile empty | "$archive" extract "$dest" > out.json
	[ "$(field files < out.json)" = 0 ]
	[ -d "$dest" ]
}

@test "archive: names that climb or are absolute are refused by name" {
	refused climb "'a/../../evil' climbs out"
	rmdir "$dest"; refused absolute "'/tmp/evil' has an absolute path"
	rmdir "$dest"; refused zip_climb "'../evil' climbs out"
	rmdir "$dest"; refused zip_absolute "'/tmp/evil' has an absolute path"
	rmdir "$dest"; refused readonly "'../e' climbs out"
}

@test "archive: links that lead out are refused" {
	refused sym_absolute "'l' is a link to an absolute path"
	rmdir "$dest"; refused sym_climb "'d/l' is a link that leads out"
	rmdir "$dest"; refused sym_middle "'m' is a link with '..' in the middle"
	rmdir "$dest"; refused zip_sym "'l' is a link to an absolute path"
	rmdir "$dest"; refused hard_outside "'h' is a link that leads out"
	rmdir "$dest"; refused hard_absolute "'h' is a link that leads out"
	rmdir "$dest"; refused hard_to_sym "'h' is a link to something that is not a file"
	rmdir "$dest"; refused sym_strip "'top/l' is a link that leads out of the archive's top" --strip-common
}

@test "archive: members behind or in place of a link are refused" {
	refused sym_through "l"
	rmdir "$dest"; refused sym_swap "'d' is there twice"
	rmdir "$dest"; refused sym_then_file "'l' is there twice"
}

@test "archive: devices, pipes and control characters are refused" {
	refused device "'null' is a device"
	rmdir "$dest"; refused fifo "'pipe' is a device, a pipe"
	rmdir "$dest"; refused control "'a?[31m?b' has control characters"
}

@test "archive: limits on members, bytes and depth" {
	hostile many_ok | "$archive" extract ten > /dev/null
	[ "$(ls ten | wc -l)" -eq 10000 ]
	refused many "more than 10000 members"
	rmdir "$dest"; refused bomb_gz "more than 1048576 bytes (at member 'zeros')" --max-bytes 1048576
	rmdir "$dest"; refused zip_bomb "more than 1048576 bytes" --max-bytes 1048576
	rmdir "$dest"; refused size_lie "more than 1073741824 bytes (at member 'huge')"
	rmdir "$dest"; refused deep "nested too deeply"
	rmdir "$dest"; refused plain "more than 3 members" --max-files 3
}

@test "archive: damaged input and wrong types are refused" {
	refused truncated "damaged"
	rmdir "$dest"; refused garbage "archive"
	rmdir "$dest"; refused nothing "archive"
	rmdir "$dest"; refused plain "not in gzip format" --type tar.gz
	rmdir "$dest"; refused plain "archive" --type zip
	rmdir "$dest"; refused zip "archive" --type tar
}

@test "archive: a folder with something in it is left alone" {
	mkdir "$dest"
	touch "$dest/mine"
	hostile plain > in.bin
	run ! "$archive" extract "$dest" < in.bin
	[[ "$output" == *"is not empty"* ]]
	[ "$(ls -A "$dest")" = mine ]
}

@test "archive: list names members and what is wrong with them" {
	hostile climb | "$archive" list > out.json
	python3 - <<-'PY'
		import json
		d = json.load(open("out.json"))
		assert d["files"] == 2 and d["bytes"] == 3, d
		assert d["entries"][0] == {"name": "ok", "type": "file", "size": 2, "mode": "0644"}, d
		assert d["entries"][1]["problem"].startswith("climbs"), d
	PY
	hostile zip | "$archive" list --type zip | grep -q '"type":"link"'
	hostile bomb_gz > in.bin
	run ! "$archive" list --max-bytes 1000000 < in.bin
}

@test "archive: create packs a tree, sorted, and tar reads it back" {
	mkdir -p src/sub
	echo hi > src/b; echo x > src/a; chmod 755 src/a
	ln -s ../b src/sub/l
	mkfifo src/pipe
	"$archive" create -C src . > t.tar
	[ "$(tar -tf t.tar | tr '\n' ' ')" = "a b sub/ sub/l " ]
	mkdir back; tar -xf t.tar -C back
	rm src/pipe; diff -r --no-dereference src back
	[ -x back/a ]
	[ "$(tar -tvf t.tar --numeric-owner | awk '{print $2}' | sort -u)" = 0/0 ]
	"$archive" create -C src sub/l a > t.tar
	[ "$(tar -tf t.tar | tr '\n' ' ')" = "sub/l a " ]
	run ! "$archive" create -C src ../t.tar
	run ! "$archive" create -C src missing
}

@test "archive: create from a description writes one member per key" {
	echo '[{"name":"KEY","mode":"0600","content":"va\nl \u00e9"},{"name":"EMPTY","mode":"0600","content":""}]' > d.json
	"$archive" create --json < d.json > one.tar
	cat d.json | "$archive" create --json > two.tar
	cmp one.tar two.tar
	python3 - <<-'PY'
		import tarfile
		t = tarfile.open("one.tar")
		m = t.getmembers()
		assert [(x.name, x.mode, x.uid, x.mtime) for x in m] == [("KEY", 0o600, 0, 0), ("EMPTY", 0o600, 0, 0)], m
		assert t.extractfile(m[0]).read().decode() == "va\nl é"
	PY
	for bad in '{' '{}' '[1]' '[{"name":"../x","content":""}]' '[{"name":"a","content":5}]' \
		'[{"name":"a","mode":"0999","content":""}]' '[{"name":"a\u0000b","content":"secret"}]'; do
		echo "$bad" > d.json
		run ! "$archive" create --json < d.json
		[[ "$output" != *secret* ]]
	done
}

# -- certificates --

# cert NAME SUBJECT ALT [OPTION...]: NAME.crt and NAME.key, self-signed
cert() {
	local name=$1 subject=$2 alt=$3
	shift 3
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.crt" \
		-subj "$subject" ${alt:+-addext "subjectAltName=$alt"} "$@" 2> /dev/null
}

# issue NAME SUBJECT ALT CA: NAME.crt and NAME.key, signed by CA.key
issue() {
	openssl req -new -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2> /dev/null
	printf '%s\n' "$3" > ext
	openssl x509 -req -in "$1.csr" -CA "$4.crt" -CAkey "$4.key" -CAcreateserial -days 30 \
		-extfile ext -out "$1.crt" 2> /dev/null
}

fails_with() {
	local text=$1
	shift
	run ! --separate-stderr "$@"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ "$stderr" == *"$text"* ]] || { echo "got: $stderr" >&2; false; }
}

@test "x509: info has openssl's texts" {
	cert a '/C=US/ST=New York/O=Ex, Inc. "q"/CN=www.Example.com/emailAddress=a@b.c' \
		'DNS:b.example.com,DNS:*.example.com,DNS:b.example.com,IP:10.0.0.1'
	"$x509" info a.crt > out.json
	[ "$(field subject < out.json)" = "C=US; ST=New York; O=Ex, Inc. \"q\"; CN=www.Example.com; emailAddress=a@b.c" ]
	[ "$(field issuer < out.json)" = 'C = US, ST = New York, O = "Ex, Inc. \"q\"", CN = www.Example.com, emailAddress = a@b.c' ]
	[ "$(field expires-at < out.json)" = "$(openssl x509 -in a.crt -noout -enddate | cut -d= -f2)" ]
	[ "$(field starts-at < out.json)" = "$(openssl x509 -in a.crt -noout -startdate | cut -d= -f2)" ]
	[ "$(field not-after < out.json)" = "$(date -d "$(field expires-at < out.json)" +%s)" ]
	[ "$(field hostnames < out.json)" = "*.example.com b.example.com www.Example.com" ]
	[ "$(field hosts < out.json)" = '["*.example.com", "b.example.com", "www.example.com"]' ]
	[ "$(field verified < out.json)" = "self signed" ]
	[ "$(field warnings < out.json)" = "[]" ]
	[ "$(field fingerprint-sha256 < out.json)" = "$(openssl x509 -in a.crt -noout -fingerprint -sha256 | cut -d= -f2 | tr -d : | tr A-F a-f)" ]
}

@test "x509: a common name that is no host is shown and is no host" {
	cert a '/CN=My Company CA' ''
	"$x509" info a.crt > out.json
	[ "$(field hostnames < out.json)" = "My Company CA" ]
	[ "$(field hosts < out.json)" = "[]" ]
	[[ "$(field warnings < out.json)" == *"names no host"* ]]
}

@test "x509: control characters and NUL never come out raw" {
	printf '%s\n' '[req]' 'distinguished_name=dn' 'prompt=no' 'x509_extensions=e' '[dn]' 'O=x' \
		'[e]' 'subjectAltName=DER:30:17:82:0f:61:2e:63:6f:6d:00:2e:65:76:69:6c:2e:6f:72:67:82:04:62:2e:63:6f' > c.cnf
	openssl req -x509 -newkey rsa:2048 -nodes -keyout a.key -out a.crt -config c.cnf \
		-subj $'/O=red\033[31m/CN=a.com\nx' 2> /dev/null
	"$x509" info a.crt > out.json
	[ "$(field hosts < out.json)" = '["b.co"]' ]
	run ! grep -qaP '[\x00-\x09\x0b-\x1f\x7f]|\\u00[01]' out.json
	[[ "$(field subject < out.json)" == *'red\x1B[31m'* ]]
	[[ "$(field hostnames < out.json)" == *'a.com\0Ax'* ]]
}

@test "x509: a pair that fits is fine, others are errors" {
	cert a '/CN=a.example' 'DNS:a.example'
	cert b '/CN=b.example' ''
	"$x509" check a.crt a.key > out.json
	[ "$(field expired < out.json)" = false ]
	fails_with "does not belong to the certificate" "$x509" check a.crt b.key
	cat b.crt a.crt > order.crt
	fails_with "belongs to certificate 2 of the file" "$x509" check order.crt a.key
	openssl rsa -in a.key -aes128 -passout pass:x -out enc.key 2> /dev/null
	fails_with "'enc.key' is encrypted" "$x509" check a.crt enc.key
	openssl rsa -in a.key -traditional -aes128 -passout pass:x -out old.key 2> /dev/null
	fails_with "'old.key' is encrypted" "$x509" check a.crt old.key
	openssl x509 -in a.crt -outform der -out a.der
	fails_with "looks like DER" "$x509" check a.der a.key
	fails_with "no private key" "$x509" check a.crt a.crt
	fails_with "no readable certificate" "$x509" check a.key a.key
	fails_with "does not exist" "$x509" check missing a.key
	head -c 4096 /dev/urandom > junk
	fails_with "PEM" "$x509" info junk
	{ cat a.crt; head -n 5 b.crt; echo '-----END CERTIFICATE-----'; } > broken.crt
	fails_with "certificate 2 does not parse" "$x509" check broken.crt a.key
	head -c 2000000 /dev/zero > big
	fails_with "larger than" "$x509" info big
}

@test "x509: elliptic-curve keys fit and misfit as well" {
	for n in a b; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $n.key \
			-out $n.crt -subj /CN=$n.example 2> /dev/null
	done
	"$x509" check a.crt a.key
	fails_with "does not belong" "$x509" check a.crt b.key
}

@test "x509: expiry is a flag, not an error" {
	cert a '/CN=a.example' ''
	openssl x509 -in a.crt -signkey a.key -days -1 -out old.crt 2> /dev/null
	mv old.crt a.crt
	"$x509" check a.crt a.key > out.json
	[ "$(field expired < out.json)" = true ]
	[[ "$(field warnings < out.json)" == *"has expired"* ]]
}

@test "x509: weak keys are warned about" {
	cert a '/CN=a.example' '' -newkey rsa:1024
	"$x509" check a.crt a.key > out.json
	[[ "$(field warnings < out.json)" == *"only 1024 bits"* ]]
}

@test "x509: a chain to a known authority is verified" {
	cert root '/CN=Root' '' -addext basicConstraints=critical,CA:TRUE
	issue mid '/CN=Mid' 'basicConstraints=critical,CA:TRUE' root
	issue leaf '/CN=leaf.example' 'subjectAltName=DNS:leaf.example' mid
	cat leaf.crt mid.crt > full.crt
	"$x509" check full.crt leaf.key > out.json
	[ "$(field chain-length < out.json) $(field warnings < out.json)" = "2 []" ]
	[ "$("$x509" info full.crt | field verified)" = "self signed" ]
	export SSL_CERT_FILE=$work/root.crt
	[ "$("$x509" info full.crt | field verified)" = "verified by a certificate authority" ]
	[ "$("$x509" info leaf.crt | field verified)" = "self signed" ]
	# --verify: the first file is the authority
	unset SSL_CERT_FILE
	cat leaf.crt mid.crt root.crt > all.crt
	[ "$("$x509" info all.crt --verify leaf.crt | field verified)" = "verified by a certificate authority" ]
	cat leaf.crt root.crt > gap.crt
	[[ "$("$x509" check gap.crt leaf.key | field warnings)" == *"incomplete or out of order"* ]]
}

@test "x509: generate makes a pair and a request that openssl accepts" {
	mkdir out
	"$x509" generate --domain a.example.com --domain '*.b.example' --days 10 --subject '/C=US/O=A\/B' out > out.json
	[ "$(ls out | tr '\n' ' ')" = "server.crt server.csr server.key " ]
	[ "$(stat -c %a out/* | sort -u)" = 640 ]
	openssl req -in out/server.csr -noout -verify 2>&1 | grep -qi ok
	openssl req -in out/server.csr -noout -text | grep -q 'DNS:a.example.com, DNS:\*.b.example'
	openssl verify -CAfile out/server.crt out/server.crt
	openssl rsa -in out/server.key -noout -text 2> /dev/null | grep -q '2048 bit'
	"$x509" check out/server.crt out/server.key | field hosts | grep -qF '["*.b.example", "a.example.com"]'
	[ "$(($(field not-after < out.json) - $(field not-before < out.json)))" = 864000 ]
	[ "$(openssl x509 -in out/server.crt -noout -subject)" = 'subject=C = US, O = A/B, CN = a.example.com' ]
	[ "$(field key < out.json)" = out/server.key ]
	fails_with "exists already" "$x509" generate --domain a.example.com out
}

@test "x509: generate refuses bad names and leaves nothing" {
	mkdir out
	fails_with "not a valid host name" "$x509" generate --domain 'a,DNS:b' out
	fails_with "not a valid host name" "$x509" generate --domain $'a\nb' out
	fails_with "TYPE=value" "$x509" generate --domain a.example --subject /C out
	fails_with "not accepted" "$x509" generate --domain a.example --subject /C=USA out
	fails_with "--days" "$x509" generate --domain a.example --days 0 out
	fails_with "does not exist" "$x509" generate --domain a.example missing
	fails_with "domains are needed" "$x509" generate out
	[ -z "$(ls -A out)" ]
}
