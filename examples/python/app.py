# SPDX-License-Identifier: MIT
"""A greeting at /, and /ready for the health check in app.json."""
import os
import platform

from flask import Flask

app = Flask(__name__)


@app.get("/")
def front_page():
    """What config:set GREETING=... says."""
    return f"{os.environ.get('GREETING', 'Hello')} from Python {platform.python_version()}\n"


@app.get("/ready")
def ready():
    """Only ready once the app was imported."""
    return "ready\n"
