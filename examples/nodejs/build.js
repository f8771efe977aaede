// SPDX-License-Identifier: MIT
// Runs when the app is built. What it needs is in devDependencies, which the image does not have.
'use strict';
const fs = require('fs');
const { marked } = require('marked');

fs.mkdirSync('dist', { recursive: true });
fs.writeFileSync('dist/about.html', marked.parse(fs.readFileSync('about.md', 'utf8')));
