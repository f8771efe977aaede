#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of bats
# What the stack's Python buildpack makes of an app's files, without a container.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup() {
	PACK=$TOP/stack/buildpacks/04_python
	A=$BATS_TEST_TMPDIR/app
	mkdir "$A"
	cd "$A" || return
}

deps() {
	python3 "$PACK/lib/deps.py" "$@"
}

web() { # PROGRAM-OF-THE-PACKAGES...
	local program
	rm -rf "${BATS_TEST_TMPDIR:?}/bin"
	mkdir "$BATS_TEST_TMPDIR/bin"
	for program; do touch "$BATS_TEST_TMPDIR/bin/$program"; done
	python3 "$PACK/lib/web.py" "$A" "$BATS_TEST_TMPDIR/bin"
}

# lists KIND: what pip is given, without hashes' lines.
lists() {
	mkdir -p "$BATS_TEST_TMPDIR/out"
	deps lists "$A" "$1" "$BATS_TEST_TMPDIR/out" && cat "$BATS_TEST_TMPDIR/out"/{hashed,plain}.txt
}

@test "python: a list of packages is detected, settings of tools are not" {
	run -1 "$PACK/bin/detect" "$A"
	printf '[tool.black]\nline-length = 100\n' >pyproject.toml
	run -1 "$PACK/bin/detect" "$A"
	printf '[project]\nname = "x"\n' >pyproject.toml
	run -0 "$PACK/bin/detect" "$A"
	assert_output Python
	rm pyproject.toml
	for file in requirements.txt Pipfile poetry.lock uv.lock setup.py; do
		touch "$file"
		run -0 "$PACK/bin/detect" "$A"
		rm "$file"
	done
}

@test "python: the first list that is there counts" {
	touch setup.py
	printf '[project]\nname = "x"\n' >pyproject.toml
	run -0 deps kind "$A"
	assert_output $'pyproject.toml\nsetup.py'
	touch uv.lock requirements.txt
	run -0 deps kind "$A"
	assert_equal "${lines[*]}" 'requirements.txt uv.lock pyproject.toml setup.py'
}

@test "python: the key follows included lists and local folders, not the settings of linters" {
	mkdir -p lib lists
	printf -- '-r lists/base.txt\n./lib\n' >requirements.txt
	echo flask >lists/base.txt
	echo 1 >lib/setup.py
	first=$(deps key "$A" requirements.txt)
	echo 1 >unrelated.py
	assert_equal "$(deps key "$A" requirements.txt)" "$first"
	echo 2 >lib/module.py
	second=$(deps key "$A" requirements.txt)
	[ "$second" != "$first" ]
	echo django >lists/base.txt
	[ "$(deps key "$A" requirements.txt)" != "$second" ]
	printf '[project]\nname = "x"\n[tool.ruff]\nline-length = 100\n' >pyproject.toml
	first=$(deps key "$A" pyproject.toml)
	sed -i s/100/80/ pyproject.toml
	assert_equal "$(deps key "$A" pyproject.toml)" "$first"
	sed -i 's/"x"/"y"/' pyproject.toml
	[ "$(deps key "$A" pyproject.toml)" != "$first" ]
}

# What deps.py says of a request, in this machine's Python.
@test "python: requests for a version, exact and as ranges" {
	have=$(python3 -c 'import platform; print(platform.python_version())')
	run -0 deps python "$A"
	refute_output
	printf '[tool.poetry.dependencies]\npython = "^3.9"\n' >pyproject.toml
	run -0 deps python "$A"
	assert_output 'pyproject.toml yes >=3.9,<4'
	printf '[project]\nrequires-python = ">=3.99"\n' >pyproject.toml
	run -0 deps python "$A"
	assert_output 'pyproject.toml no >=3.99'
	echo "python-${have%.*}.99" >runtime.txt
	run -0 deps python "$A"
	assert_output "runtime.txt yes ${have%.*}.99"
	printf '# for pyenv\n3.2\n' >.python-version
	run -0 deps python "$A"
	assert_output '.python-version no 3.2'
}

@test "python: Pipfile.lock becomes a list with hashes; one that lacks a package is refused" {
	printf '[packages]\nflask = "*"\n' >Pipfile
	cat >Pipfile.lock <<-'JSON'
		{ "_meta": { "sources": [ { "url": "https://pypi.org/simple" }, { "url": "https://user:${TOKEN}@own.example.test/simple" } ] },
		  "default": {
		    "Flask": { "version": "==3.0.3", "hashes": [ "sha256:bb", "sha256:aa" ], "markers": "python_version >= '3.8'" },
		    "colorama": { "version": "==0.4.6", "hashes": [ "sha256:cc" ], "markers": "sys_platform == 'win32'" },
		    "tool": { "git": "https://git.example.test/tool.git", "ref": "abc123" } },
		  "develop": { "pytest": { "version": "==8.0.0", "hashes": [ "sha256:dd" ] } } }
	JSON
	run -0 lists Pipfile.lock
	assert_output "--extra-index-url https://user:\${TOKEN}@own.example.test/simple
flask==3.0.3 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
--extra-index-url https://user:\${TOKEN}@own.example.test/simple
tool @ git+https://git.example.test/tool.git@abc123"
	printf 'gunicorn = "*"\n' >>Pipfile
	run -1 lists Pipfile.lock
	assert_output 'Pipfile.lock is out of date: it lacks gunicorn. Run: pipenv lock'
}

@test "python: uv.lock is walked from the app, by markers and extras" {
	printf '[project]\nname = "x"\ndependencies = ["requests[socks]"]\n' >pyproject.toml
	cat >uv.lock <<-'TOML'
		version = 1
		[[package]]
		name = "idna"
		version = "3.6"
		source = { registry = "https://pypi.org/simple" }
		sdist = { url = "https://x/idna.tar.gz", hash = "sha256:11" }
		wheels = [ { url = "https://x/idna.whl", hash = "sha256:12" } ]
		[[package]]
		name = "pysocks"
		version = "1.7.1"
		source = { registry = "https://pypi.org/simple" }
		wheels = [ { url = "https://x/socks.whl", hash = "sha256:13" } ]
		[[package]]
		name = "pytest"
		version = "8.0.0"
		source = { registry = "https://pypi.org/simple" }
		[[package]]
		name = "requests"
		version = "2.31.0"
		source = { git = "https://git.example.test/requests?rev=main#0123abc" }
		dependencies = [ { name = "idna" }, { name = "win", marker = "sys_platform == 'win32'" } ]
		[package.optional-dependencies]
		socks = [ { name = "pysocks" } ]
		[[package]]
		name = "x"
		version = "0"
		source = { editable = "." }
		dependencies = [ { name = "requests", extra = ["socks"] } ]
		[package.dev-dependencies]
		dev = [ { name = "pytest" } ]
	TOML
	run -0 lists uv.lock
	assert_output 'idna==3.6 \
    --hash=sha256:11 \
    --hash=sha256:12
pysocks==1.7.1 \
    --hash=sha256:13
requests @ git+https://git.example.test/requests@0123abc'
	assert_file_is "$BATS_TEST_TMPDIR/out/project" yes
	sed -i 's/\["requests/["other", "requests/' pyproject.toml
	run -1 lists uv.lock
	assert_output 'uv.lock is out of date: it lacks other. Run: uv lock'
}

@test "python: poetry.lock is walked from pyproject.toml; groups are left out" {
	printf '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.9"\nclick = "^8.0"\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n' >pyproject.toml
	cat >poetry.lock <<-'TOML'
		[[package]]
		name = "click"
		version = "8.1.7"
		python-versions = ">=3.7"
		files = [ { file = "click.whl", hash = "sha256:21" } ]
		[package.dependencies]
		colorama = { version = "*", markers = "platform_system == \"Windows\"" }
		importlib-metadata = { version = "*", python = "<3.8" }
		typing-extensions = ">=4"
		[[package]]
		name = "typing-extensions"
		version = "4.9.0"
		python-versions = ">=3.8"
		files = [ { file = "t.whl", hash = "sha256:22" } ]
		[[package]]
		name = "pytest"
		version = "8.0.0"
		python-versions = ">=3.8"
		files = []
		[metadata]
		lock-version = "2.0"
	TOML
	run -0 lists poetry.lock
	assert_output 'click==8.1.7 \
    --hash=sha256:21
typing-extensions==4.9.0 \
    --hash=sha256:22'
	assert_file_is "$BATS_TEST_TMPDIR/out/project" ''
	sed -i 's/^click.*/&\nflask = "*"/' pyproject.toml
	run -1 lists poetry.lock
	assert_output 'poetry.lock is out of date: it lacks flask. Run: poetry lock'
}

@test "python: web is gunicorn or uvicorn, by what the app is" {
	run -0 web gunicorn
	refute_output
	printf 'from flask import Flask\napp = Flask(__name__)\n' >main.py
	run -0 web gunicorn
	assert_output 'gunicorn main:app'
	run -0 web
	refute_output
	printf 'from fastapi import FastAPI\napp = FastAPI()\n' >main.py
	run -0 web uvicorn
	assert_output 'uvicorn main:app --host 0.0.0.0 --port $PORT'
	run -0 web gunicorn uvicorn
	assert_output 'gunicorn -k uvicorn.workers.UvicornWorker main:app'
	run -0 web gunicorn
	refute_output
	mkdir shop
	touch shop/wsgi.py
	echo 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")' >manage.py
	run -0 web gunicorn
	assert_output 'gunicorn shop.wsgi:application'
	run -0 "$PACK/bin/release" "$A"
	assert_output ---
}
