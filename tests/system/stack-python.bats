#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/python pushed as it is, and a Django app with a lock file, built by the stack; the index is
# the tests' own.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps
load ../lab/index
load ../lab/languages

setup_file() {
	language_up python
	# With a password, as of a company's own index.
	dokku config:set --global "PIP_INDEX_URL=${INDEX/:\/\//://user:$SECRET@}/python/simple" \
		"PIP_TRUSTED_HOST=$(cut -d/ -f3 <<<"$INDEX" | cut -d: -f1)" >/dev/null
	django_app "$BATS_FILE_TMPDIR/shop"
	dokku apps:create shop >/dev/null
}

teardown_file() {
	language_down
}

# lock NAME...: uv.lock of an app that needs these packages as they are in the index.
lock() {
	local name file
	echo 'version = 1'
	for name; do
		file=$(basename "${MOORAGE_TEST_CACHE:-/var/cache/moorage-tests}/index/tree/python/simple/$name"/*)
		printf '[[package]]\nname = "%s"\nversion = "%s"\nsource = { registry = "https://pypi.org/simple" }\n' \
			"$name" "$(sed -E 's/^[^-]+-([0-9.]+[0-9]).*/\1/' <<<"$file")"
		printf 'wheels = [{ url = "https://files.example.test/%s", hash = "sha256:%s" }]\n' \
			"$file" "$(sha256sum "${MOORAGE_TEST_CACHE:-/var/cache/moorage-tests}/index/tree/python/simple/$name/$file" | cut -d' ' -f1)"
	done
	printf '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\ndependencies = ['
	printf ' { name = "%s" },' "$@"
	echo ' ]'
}

# django_app DIR: without a Procfile; its settings need SECRET_KEY.
django_app() {
	local dir=$1
	mkdir -p "$dir/shop/static"
	printf '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["django>=3.2", "gunicorn"]\n' >"$dir/pyproject.toml"
	lock asgiref django gunicorn pytz sqlparse >"$dir/uv.lock"
	cat >"$dir/manage.py" <<-'PY'
		import os
		import sys
		from django.core.management import execute_from_command_line
		os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
		execute_from_command_line(sys.argv)
	PY
	cat >"$dir/shop/settings.py" <<-'PY'
		import os
		SECRET_KEY = os.environ["SECRET_KEY"]
		ALLOWED_HOSTS = ["*"]
		INSTALLED_APPS = ["django.contrib.staticfiles", "shop"]
		ROOT_URLCONF = "shop.urls"
		STATIC_URL = "/static/"
		STATIC_ROOT = "/app/collected"
	PY
	cat >"$dir/shop/urls.py" <<-'PY'
		from django.http import HttpResponse
		from django.urls import path
		urlpatterns = [path("", lambda request: HttpResponse("shop"))]
	PY
	cat >"$dir/shop/wsgi.py" <<-'PY'
		import os
		from django.core.wsgi import get_wsgi_application
		os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
		application = get_wsgi_application()
	PY
	touch "$dir/shop/__init__.py"
	echo 'body {}' >"$dir/shop/static/shop.css"
	health_check "$dir" '{ "type": "startup", "path": "/", "attempts": 10, "wait": 1 }'
	git_app "$dir"
}

@test "a push installs what requirements.txt names, compiles what has to be, and serves the app by gunicorn" {
	run -0 git_push "$DIR" python
	assert_output --partial '-----> Python app detected'
	assert_output --partial 'Installing packages of requirements.txt with pip'
	assert_output --partial 'Building wheel for markupsafe'
	assert_output --partial "http://user:****@"
	refute_output --partial "$SECRET"
	assert_http "$(host_of python)" / 200 'Hello from Python 3.11.2'
	[ "$(grep -c '\.whl 200' <(index_requests))" -ge 6 ]
	run -0 in_image python 'ls /app/.venv/lib/python3.11/site-packages/markupsafe/'
	assert_output --regexp '_speedups.*\.so'
}

@test "the image has neither the index's password nor the app's config" {
	no_secrets python
}

@test "a push with the same requirements.txt installs nothing" {
	index_forget
	sed -i 's/from Python/from the same Python/' "$DIR/app.py"
	git_commit "$DIR"
	run -0 git_push "$DIR" python
	assert_output --partial 'requirements.txt is unchanged: nothing to install'
	refute_output --partial 'Collecting'
	assert_http "$(host_of python)" / 200 'Hello from the same Python 3.11.2'
	[ -z "$(index_requests)" ]
}

@test "config, scale and run need no build" {
	config_scale_run python 'Ahoy from the same Python 3.11.2' \
		'python -c "import os, sys, flask; print(sys.prefix, os.environ[\"PYTHONUNBUFFERED\"], os.environ[\"GREETING\"])"' '/app/.venv 1 Ahoy'
}

@test "a package or a Python that is not there is named, with its line and the ways out; the app serves on" {
	echo 'moorage-has-no-such-package==1.0' >>"$DIR/requirements.txt"
	git_commit "$DIR"
	run ! git_push "$DIR" python
	assert_output --partial 'ERROR: No matching distribution found for moorage-has-no-such-package==1.0'
	assert_output --partial 'Package not found: moorage-has-no-such-package==1.0 (line 3 of requirements.txt)'
	refute_output --partial "$SECRET"
	sed -i 3d "$DIR/requirements.txt"
	echo python-3.12.4 >"$DIR/runtime.txt"
	git_commit "$DIR"
	run ! git_push "$DIR" python
	assert_output --partial 'runtime.txt asks for Python 3.12.4, this stack has only Python 3.11.2'
	assert_output --partial 'put 3.11 into runtime.txt, or config:set <app> PYTHON_VERSION_CHECK=warn'
	assert_http "$(host_of python)" / 200 'Ahoy from the same Python 3.11.2'
}

@test "Django: packages of uv.lock are checked by hash, a variable that is missing is named" {
	run ! git_push "$BATS_FILE_TMPDIR/shop" shop
	assert_output --partial 'Installing packages of uv.lock with pip'
	assert_output --partial 'Successfully installed asgiref-3.6.0 django-3.2'
	assert_output --partial "KeyError: 'SECRET_KEY'"
	assert_output --partial 'Its settings need the variable SECRET_KEY: config:set --no-restart <app> SECRET_KEY=...'
}

@test "Django: static files are collected, and web is gunicorn without a Procfile" {
	index_forget
	dokku config:set --no-restart shop "SECRET_KEY=$SECRET" >/dev/null
	# The same commit again, for which git sends nothing.
	echo >>"$BATS_FILE_TMPDIR/shop/manage.py"
	git_commit "$BATS_FILE_TMPDIR/shop"
	run -0 git_push "$BATS_FILE_TMPDIR/shop" shop
	assert_output --partial 'uv.lock is unchanged: nothing to install'
	assert_output --partial '1 static file copied'
	assert_output --partial 'No Procfile: web runs "gunicorn shop.wsgi:application"'
	assert_http "$(host_of shop)" / 200 shop
	[ -z "$(index_requests)" ]
	run -0 in_image shop 'cat /app/collected/shop.css'
	assert_output 'body {}'
	no_secrets shop
}
