#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs once per deploy, before new containers start. If it fails, the deploy fails.
echo "release: this is where a database would be migrated"
