/* What every request to the API server has in common: URL, TLS, HTTP version, socket options. */
#pragma once
#include <curl/curl.h>

struct auth;

/* Sets them; server: "https://host:port". What is returned may be NULL and is to be freed with curl_slist_free_all()
 * after the handle, or after the next call for it. */
struct curl_slist *curl_options(CURL *, const struct auth *, const char *server, const char *path);
