# SPDX-License-Identifier: MIT
"""The command of `web` for an app without a Procfile; nothing is printed when there is none.

  web.py DIR PROGRAMS        PROGRAMS: the folder of the programs that came with the app's packages

An app is a name `app` or `application` that one of a few files gives a value at its top level; Django's
are the wsgi.py and asgi.py of its project. gunicorn serves WSGI and, with uvicorn's workers, ASGI.
"""
import ast
import pathlib
import re
import sys

FILES = ("wsgi.py", "asgi.py", "app.py", "main.py", "application.py", "server.py", "run.py")
NAMES = ("app", "application")
ASGI = {"fastapi", "starlette", "quart", "litestar", "sanic", "blacksheep", "falcon.asgi", "channels"}


def parse(path):
    """The file's tree, None when it is not Python."""
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return None


def assigned(parsed):
    """Names that get a value, or come from another module, at the top level."""
    for node in parsed.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name


def is_asgi(path, name, parsed):
    """By what is imported, or because the app is an `async def`."""
    modules = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
        elif isinstance(node, ast.AsyncFunctionDef) and node.name == name:
            return True
    return path.name == "asgi.py" or bool({*modules, *(module.split(".")[0] for module in modules)} & ASGI)


def simple_app(top):
    """(what to serve, whether it is ASGI) of an app in a file at the top."""
    for file in FILES:
        parsed = parse(top / file) if (top / file).is_file() else None
        names = set(assigned(parsed)) if parsed else set()
        name = next((name for name in NAMES if name in names), None)
        if name:
            return f"{file[:-3]}:{name}", is_asgi(top / file, name, parsed)
    return None


def django_app(top, has_gunicorn):
    """The same of a Django project, whose name is in manage.py."""
    manage = top / "manage.py"
    match = manage.is_file() and re.search(r"DJANGO_SETTINGS_MODULE['\"], *['\"]([\w.]+)['\"]", manage.read_text("utf-8", "replace"))
    if not match:
        return None
    package = match.group(1).split(".settings")[0]
    for kind in ("wsgi", "asgi") if has_gunicorn else ("asgi",):
        if (top / package.replace(".", "/") / f"{kind}.py").is_file():
            return f"{package}.{kind}:application", kind == "asgi"
    return None


def command(top, programs):
    """The line for the Procfile."""
    gunicorn, uvicorn = (programs / "gunicorn").exists(), (programs / "uvicorn").exists()
    found = django_app(top, gunicorn) or simple_app(top) if gunicorn or uvicorn else None
    if not found:
        return None
    app, asgi = found
    if asgi and uvicorn:
        # Both: gunicorn looks after the workers.
        return f"gunicorn -k uvicorn.workers.UvicornWorker {app}" if gunicorn else f"uvicorn {app} --host 0.0.0.0 --port $PORT"
    return f"gunicorn {app}" if gunicorn and not asgi else None


line = command(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
if line:
    print(line)
