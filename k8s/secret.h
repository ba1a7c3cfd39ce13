/* Forgetting secrets: what held one is overwritten before its memory is given back. */
#pragma once

struct curl_slist;
struct json_object;

void secret_free(char *); /* NULL is fine, here and below */
void secret_list_free(struct curl_slist *);
/* Overwrites all strings of a tree, which can still be freed. For trees that nobody shares. */
void secret_tree_wipe(struct json_object *);
