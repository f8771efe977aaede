/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <string.h>

#include "base/alloc.h"

void err_done(struct err *e)
{
	strbuf_done(&e->msg);
	strbuf_done(&e->user);
}

void err_clear(struct err *e)
{
	e->kind = ERR_OK;
	e->sys_errno = 0;
	e->exit_code = 0;
	strbuf_clear(&e->msg);
	strbuf_clear(&e->user);
}

int err_vset(struct err *e, enum err_kind kind, const char *fmt, va_list ap)
{
	e->kind = kind;
	strbuf_clear(&e->msg);
	strbuf_vaddf(&e->msg, fmt, ap);
	return -(int)kind;
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, kind, fmt, ap);
	va_end(ap);
	return -(int)kind;
}

int err_sys_errno(struct err *e, int sys_errno, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, ERR_SYS, fmt, ap);
	va_end(ap);
	e->sys_errno = sys_errno;
	strbuf_addf(&e->msg, ": %s", strerror_r(sys_errno, text, sizeof(text)));
	return -ERR_SYS;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	strbuf_insert(&e->msg, 0, ": ");
	strbuf_insert(&e->msg, 0, text);
	return -(int)e->kind;
}

int err_user(struct err *e, enum err_kind kind, int exit_code, const char *fmt, ...)
{
	AUTO_STRBUF text = STRBUF_INIT; /* the arguments may be parts of the old one */
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strbuf_set(&e->user, text.buf);
	if (e->kind == ERR_OK) {
		e->kind = kind;
		strbuf_set(&e->msg, e->user.buf);
	}
	if (exit_code)
		e->exit_code = exit_code;
	return -(int)e->kind;
}

int err_exit(struct err *e, int exit_code)
{
	e->kind = ERR_SILENT;
	e->exit_code = exit_code;
	return -ERR_SILENT;
}

const char *err_text(const struct err *e)
{
	return e->user.len ? e->user.buf : e->msg.buf;
}

int err_exit_code(const struct err *e)
{
	return e->exit_code ? e->exit_code : 1;
}
