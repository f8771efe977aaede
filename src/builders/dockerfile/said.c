/* SPDX-License-Identifier: MIT */
#include "builders/dockerfile/said.h"

#include <string.h>

#include "base/fs.h"
#include "base/parse.h"

void said_done(struct said *p)
{
	strbuf_done(&p->line);
}

/* --- BuildKit: "#4 [2/3] RUN make", "#4 0.123 what it prints", "#4 DONE 0.5s" --- */

static bool is_housekeeping(const char *title)
{
	static const char *const beginnings[] = { "[internal]", "[auth]", "resolve image config",
		"exporting to ", "docker-image://" };

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		if (str_starts(title, beginnings[i]))
			return true;
	}
	return false;
}

/* A layer that is fetched or unpacked, a digest, a step that took no time. */
static bool is_noise(const char *text)
{
	return str_starts(text, "sha256:") || str_starts(text, "extracting sha256:") ||
	       str_starts(text, "resolve ") || str_starts(text, "transferring ") ||
	       str_eq(text, "DONE 0.0s") || str_eq(text, "...") || !*text;
}

/* The number of "#12 rest" and where the rest begins; 0 when the line is none of BuildKit's. */
static size_t step_of(const char *line, const char **ret_text)
{
	size_t digits = *line == '#' ? strspn(line + 1, "0123456789") : 0;
	size_t number = 0;

	if (!digits || digits > 4 || (line[1 + digits] && line[1 + digits] != ' '))
		return 0;
	for (size_t i = 1; i <= digits; i++)
		number = number * 10 + (size_t)(line[i] - '0');
	*ret_text = line + 1 + digits + (line[1 + digits] == ' ');
	return number < SAID_STEPS_MAX ? number : 0;
}

static bool show_step(struct said *p, size_t number, const char *text)
{
	if (str_starts(text, "ERROR")) {
		p->failed = true;
		return true;
	}
	if (is_housekeeping(text))
		p->hidden[number] = true;
	return !p->hidden[number] && !is_noise(text);
}

/* --- the classic builder: "Step 2/3 : RUN make", " ---> 0123456789ab" --- */

static bool is_image_id(const char *text)
{
	return strlen(text) == 12 && strspn(text, "0123456789abcdef") == 12;
}

static bool show_classic(const char *line)
{
	static const char *const beginnings[] = { "Sending build context", "Removing intermediate",
		"Successfully built ", "Successfully tagged ", "DEPRECATED: The legacy builder",
		" ---> Running in ", "            Install the buildx component" };
	const char *id = str_after(line, " ---> ");

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		if (str_starts(line, beginnings[i]))
			return false;
	}
	return !(id && is_image_id(id)) && !strstr(line, "https://docs.docker.com/go/buildx/");
}

/* --- lines --- */

static bool is_blank(const char *line)
{
	return !line[strspn(line, " \t")];
}

static void end_line(struct said *p, struct strbuf *out)
{
	const char *line;
	const char *text = NULL;
	size_t number;
	bool shown;

	while (p->line.len && p->line.buf[p->line.len - 1] == '\r')
		strbuf_setlen(&p->line, p->line.len - 1);
	line = strrchr(p->line.buf, '\r'); /* progress that overwrites itself: its last state */
	line = line ? line + 1 : p->line.buf;
	number = step_of(line, &text);
	p->killed |= str_ends(line, "returned a non-zero code: 137");
	if (is_blank(line))
		shown = false;
	else if (p->failed)
		shown = true;
	else
		shown = number ? show_step(p, number, text) : show_classic(line);
	if (shown)
		strbuf_addf(out, "%s\n", line);
	strbuf_clear(&p->line);
	p->line.truncated = false;
}

void said_feed(struct said *p, const char *data, size_t len, struct strbuf *out)
{
	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		strbuf_add(&p->line, data, n);
		if (nl) {
			end_line(p, out);
			n++;
		}
		data += n;
		len -= n;
	}
}

void said_end(struct said *p, struct strbuf *out)
{
	if (p->line.len)
		end_line(p, out);
}
