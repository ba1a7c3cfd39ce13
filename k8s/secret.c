#include "k8s/secret.h"
#include "json/json.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

void secret_free(char *text)
{
        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
}

void secret_list_free(struct curl_slist *list)
{
        for (struct curl_slist *node = list; node; node = node->next)
                explicit_bzero(node->data, strlen(node->data));
        curl_slist_free_all(list);
}

/* json-c gives its own memory out as const, and has no function that overwrites it; the tree is ours alone.
 */
static void wipe_string(struct json_object *value)
{
        union {
                const char *given;
                char *ours;
        } text = {json_object_get_string(value)};
        explicit_bzero(text.ours, (size_t)json_object_get_string_len(value));
}

void secret_tree_wipe(struct json_object *tree)
{
        if (json_object_is_type(tree, json_type_string))
                wipe_string(tree);
        for (size_t i = 0; i < json_count(tree); i++)
                secret_tree_wipe(json_item(tree, i));
        if (!json_object_is_type(tree, json_type_object))
                return;
        json_object_object_foreach(tree, key, value)
        {
                (void)key;
                secret_tree_wipe(value);
        }
}
