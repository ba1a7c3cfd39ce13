/* The password that a Secret holds for a BGP session: type kubernetes.io/basic-auth, key password. */
#pragma once

struct json_object;

/* For secret_free(); NULL if it holds none that can be used, and *why ends "the Secret ...": static text. */
char *password_of_secret(struct json_object *secret, const char **why);
