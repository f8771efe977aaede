# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of pack.bash
# Django's static files.

# One line of Python for manage.py shell.
django_question="from django.conf import settings; print('static-files' if getattr(settings, 'STATIC_ROOT', None) and 'django.contrib.staticfiles' in settings.INSTALLED_APPS else 'no-static-files')"

explain_django() { # LOG CODE
	local name
	name=$(sed -nE "s/^(KeyError: |.*Set the )'?([A-Z][A-Z0-9_]+)'?.*/\2/p" "$1" | tail -1)
	[[ ! $name ]] || echo "Its settings need the variable $name: config:set --no-restart <app> $name=..."
	if grep -q '^ModuleNotFoundError' "$1"; then
		echo "$(grep '^ModuleNotFoundError' "$1" | tail -1): is it in $KIND?"
	fi
	echo "Builds without static files: config:set --no-restart <app> DISABLE_COLLECTSTATIC=1"
}

collect_static() {
	local manage answer
	# The one that lies highest.
	manage=$(find . -maxdepth 3 \( -name .venv -o -name node_modules \) -prune -o -name manage.py -printf '%d %p\n' | sort -n | head -1)
	manage=${manage#* }
	[[ $manage && -e .venv/bin/django-admin ]] || return 0
	if [[ ${DISABLE_COLLECTSTATIC:-0} != 0 ]]; then
		note "DISABLE_COLLECTSTATIC is set: static files are not collected"
		return 0
	fi
	cd "${manage%/*}" || return
	answer=$(python manage.py shell -c "$django_question" 2>/dev/null </dev/null) ||
		run_tool explain_django python manage.py check
	if grep -qx static-files <<<"$answer"; then
		title "Collecting static files"
		run_tool explain_django python manage.py collectstatic --noinput
	else
		note "STATIC_ROOT is not set: static files are not collected"
	fi
	cd "$BUILD_DIR" || return
}
