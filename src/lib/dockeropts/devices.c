/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Letters of "rwm", each at most once. */
static bool is_device_mode(const char *s)
{
	unsigned seen = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned bit = *s == 'r' ? 1 : *s == 'w' ? 2 : *s == 'm' ? 4 : 8;

		if (bit == 8 || (seen & bit))
			return false;
		seen |= bit;
	}
	return true;
}

/* A word of letters, digits and OTHERS that starts and ends with a letter or digit. */
static bool is_cdi_word(const char *s, bool letter_first, const char *others)
{
	size_t len = strlen(s);

	if (!len || !(letter_first ? isalpha((unsigned char)*s) : isalnum((unsigned char)*s)))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)s[i]) && (!strchr(others, s[i]) || i + 1 == len))
			return false;
	}
	return true;
}

/* "vendor.com/class=name": a device of the Container Device Interface. */
static bool is_cdi_name(const char *s)
{
	const char *name;
	const char *class;
	AUTO_FREE char *kind = cut(s, '=', &name);
	AUTO_FREE char *vendor = cut(kind, '/', &class);

	return name && class && is_cdi_word(vendor, true, "_-.") &&
	       is_cdi_word(class, true, "_-.") && is_cdi_word(name, false, "_-.:");
}

/* The request for such devices: unlike those of --gpus it has no capabilities. */
static bool is_cdi_request(const json_t *request)
{
	return json_is_null(json_object_get(request, "Capabilities"));
}

/* All names of such devices go into one request, which stands after those of --gpus. */
static int add_cdi(struct parse *p, const char *name)
{
	json_t *request = NULL;
	json_t *list;

	if (p->src->api_minor && p->src->api_minor < 44)
		return DOCKEROPTS_NEEDS_CLIENT;
	list = child_array(p->host, "DeviceRequests");
	if (json_array_size(list))
		request = json_array_get(list, json_array_size(list) - 1);
	if (request && !is_cdi_request(request))
		request = NULL;
	if (!request) {
		request = json_object();
		put(request, "Driver", text("cdi"));
		put(request, "Count", json_integer(0));
		put(request, "DeviceIDs", json_array());
		put(request, "Capabilities", json_null());
		put(request, "Options", json_null());
		push(list, request);
	}
	push(json_object_get(request, "DeviceIDs"), text(name));
	return 0;
}

static void push_device(json_t *list, const char *host, const char *inside, const char *mode)
{
	json_t *item = json_object();

	put(item, "PathOnHost", text(host));
	put(item, "PathInContainer", text(inside));
	put(item, "CgroupPermissions", text(mode));
	push(list, item);
}

/* "HOST", "HOST:MODE", "HOST:INSIDE", "HOST:INSIDE:MODE" */
int set_device(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	json_t *list;
	const char *rest;
	const char *mode = NULL;
	AUTO_FREE char *host = NULL;
	AUTO_FREE char *inside = NULL;
	AUTO_STRBUF clean = STRBUF_INIT;

	if (is_cdi_name(value))
		return add_cdi(p, value);
	host = cut(value, ':', &rest);
	if (rest && is_device_mode(rest))
		mode = rest;
	else if (rest)
		inside = cut(rest, ':', &mode);
	if (!*host || *(inside ? inside : host) != '/' || (mode && !is_device_mode(mode)))
		return err_set(err, ERR_INVALID,
			"'%.200s' is not of the form /dev/HOST[:/dev/INSIDE][:rwm]", value);
	path_clean(inside ? inside : host, &clean);
	list = child_array(p->host, f->key);
	if (!inside)
		push_device(list, clean.buf, clean.buf, mode ? mode : "rwm");
	else
		push_device(list, host, mode ? inside : clean.buf, mode ? mode : "rwm");
	return 0;
}

static const char *skip_number_or_star(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	if (digits)
		return s + digits;
	return *s == '*' ? s + 1 : NULL;
}

/* "TYPE MAJOR:MINOR MODE" */
int set_device_rule(struct parse *p, const struct create_flag *f, const char *value,
	struct err *err)
{
	const char *s = value;
	size_t mode;

	if (*s && strchr("acb", *s) && s[1] == ' ')
		s = skip_number_or_star(s + 2);
	else
		s = NULL;
	if (s)
		s = *s == ':' ? skip_number_or_star(s + 1) : NULL;
	mode = s && *s == ' ' ? strspn(s + 1, "rwm") : 0;
	if (!mode || mode > 3 || s[1 + mode])
		return err_set(err, ERR_INVALID, "'%.64s' is not of the form 'c 1:3 rwm'", value);
	push(child_array(p->host, f->key), text(value));
	return 0;
}

static int gpu_count(const char *s, json_t *request, struct err *err)
{
	int64_t n = -1;
	int r = strcmp(s, "all") == 0 ? 0 : value_decimal(s, INT32_MIN, INT32_MAX, &n, err);

	if (r)
		return r;
	put(request, "Count", json_integer(n));
	return 0;
}

/* The items between commas, empty ones too. */
static json_t *comma_list(const char *s)
{
	json_t *list = json_array();

	for (;;) {
		size_t len = strcspn(s, ",");

		push(list, text_n(s, len));
		if (!s[len])
			return list;
		s += len + 1;
	}
}

static int gpu_options(const char *value, json_t *request, struct err *err)
{
	AUTO_STRVEC pairs = STRVEC_INIT;
	json_t *options = json_object_get(request, "Options");
	int r = value_csv(value, &pairs, err);

	for (size_t i = 0; !r && i < pairs.count; i++)
		put_pair(options, pairs.items[i]);
	return r;
}

static int gpu_field(const char *field, json_t *request, json_t *seen, struct err *err)
{
	const char *value;
	AUTO_FREE char *key = cut(field, '=', &value);

	if (json_object_get(seen, key))
		return err_set(err, ERR_INVALID, "'%.64s' is given twice", key);
	put(seen, key, json_true());
	if (!value)
		put(seen, "count", json_true());
	if (!value || strcmp(key, "count") == 0)
		return gpu_count(value ? value : key, request, err);
	if (strcmp(key, "driver") == 0) {
		put(request, "Driver", text(value));
	} else if (strcmp(key, "device") == 0) {
		put(request, "DeviceIDs", comma_list(value));
	} else if (strcmp(key, "capabilities") == 0) {
		json_t *all = json_array();

		push(all, comma_list(value));
		push(json_array_get(all, 0), text("gpu"));
		put(request, "Capabilities", all);
	} else if (strcmp(key, "options") == 0) {
		return gpu_options(value, request, err);
	} else {
		return err_set(err, ERR_INVALID, "unknown key '%.64s'", key);
	}
	return 0;
}

static json_t *new_gpu_request(void)
{
	json_t *request = json_object();
	json_t *all = json_array();

	push(all, json_array());
	push(json_array_get(all, 0), text("gpu"));
	put(request, "Driver", text(""));
	put(request, "Count", json_integer(0));
	put(request, "DeviceIDs", json_null());
	put(request, "Capabilities", all);
	put(request, "Options", json_object());
	return request;
}

int set_gpus(struct parse *p, const struct create_flag *f, const char *value, struct err *err)
{
	AUTO_STRVEC fields = STRVEC_INIT;
	json_t *request = new_gpu_request();
	json_t *seen = json_object();
	json_t *list;
	size_t at;
	int r = value_csv(value, &fields, err);

	for (size_t i = 0; !r && i < fields.count; i++)
		r = gpu_field(fields.items[i], request, seen, err);
	if (!r && !json_object_get(seen, "count") &&
		json_is_null(json_object_get(request, "DeviceIDs")))
		put(request, "Count", json_integer(1));
	json_decref(seen);
	if (r) {
		json_decref(request);
		return r;
	}
	list = child_array(p->host, f->key);
	at = json_array_size(list);
	if (at && is_cdi_request(json_array_get(list, at - 1)))
		at--;
	if (json_array_insert_new(list, at, request) < 0)
		abort();
	return 0;
}
