#pragma once
struct engine { char *socket_path; };
void engine_open(struct engine *e, const char *socket_path);
void engine_done(struct engine *e);
