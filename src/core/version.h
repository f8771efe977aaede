/* SPDX-License-Identifier: MIT */
#pragma once

/* The Dokku whose interface this is; what `dokku version` says and plugins look at. */
#define DOKKU_COMPAT_VERSION "0.38.27"
