/* The key of the layer-2 group: a Secret that the leader makes if there is none. */
#pragma once
struct write;

#define GROUP_KEY_NAME "herald-group-key"

/* A WRITE_CREATE with 32 random octets under "key"; a Secret that is there already stays as it is. */
struct write *group_key_write(const char *namespace);
