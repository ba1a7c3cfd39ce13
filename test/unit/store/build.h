/*
 * Facts and configs for tests, from one line of words each: "shop/web ip=10.0.0.1 alloc=lan local
 * port=tcp/80". A word that is not known aborts, so that a test cannot lie by a misspelling.
 */
#pragma once
#include "model/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value if word is "key=value"; NULL if it is something else. */
static inline const char *word_value(const char *word, const char *key)
{
        size_t n = strlen(key);
        return !strncmp(word, key, n) && word[n] == '=' ? word + n + 1 : NULL;
}

static inline struct ip test_ip(const char *text)
{
        struct ip ip;
        if (!ip_parse(text, &ip)) {
                fprintf(stderr, "not an address: %s\n", text);
                abort();
        }
        return ip;
}

static inline void bad_word(const char *word)
{
        fprintf(stderr, "unknown word: %s\n", word);
        abort();
}

static inline void add_label(struct arena *arena, struct labels *labels, const char *text)
{
        struct label *v = arena_array(arena, labels->n + 1, sizeof(*v));
        char *key = arena_strdup(arena, text), *equals = strchr(key, '=');
        for (size_t i = 0; i < labels->n; i++)
                v[i] = labels->v[i];
        if (equals)
                *equals = '\0';
        v[labels->n] = (struct label){key, equals ? equals + 1 : ""};
        labels->v = v;
        labels->n++;
        labels_sort(labels);
}

static inline void add_ip(struct arena *arena, struct ip **v, size_t *n, const char *text)
{
        struct ip *grown = arena_array(arena, *n + 1, sizeof(*grown));
        for (size_t i = 0; i < *n; i++)
                grown[i] = (*v)[i];
        grown[(*n)++] = test_ip(text);
        *v = grown;
}

static inline int test_port_cmp(const void *a, const void *b)
{
        const struct port *x = a, *y = b;
        return x->proto != y->proto ? (int)x->proto - (int)y->proto : (int)x->port - (int)y->port;
}

static inline void add_port(struct arena *arena, struct service *service, const char *text)
{
        struct port *v = arena_array(arena, service->n_ports + 1, sizeof(*v));
        for (size_t i = 0; i < service->n_ports; i++)
                v[i] = service->ports[i];
        v[service->n_ports].proto = !strncmp(text, "udp/", 4) ? L4_UDP : L4_TCP;
        v[service->n_ports++].port = (uint16_t)atoi(text + 4);
        qsort(v, service->n_ports, sizeof(*v), test_port_cmp);
        service->ports = v;
}

static inline bool service_flag(struct service *service, const char *word)
{
        if (!strcmp(word, "local"))
                service->policy = POLICY_LOCAL;
        else if (!strcmp(word, "prefer"))
                service->family_policy = FAMILY_PREFER_DUAL;
        else if (!strcmp(word, "require"))
                service->family_policy = FAMILY_REQUIRE_DUAL;
        else if (!strcmp(word, "clusterip"))
                service->load_balancer = false;
        else if (!strcmp(word, "deleting"))
                service->deleting = true;
        else
                return false;
        return true;
}

static inline void service_word(struct fact *fact, const char *word)
{
        struct service *service = &fact->u.service;
        struct arena *arena = fact->arena;
        const char *value;
        if ((value = word_value(word, "ip"))) {
                add_ip(arena, &service->status_ips, &service->n_status, value);
        } else if ((value = word_value(word, "ask"))) {
                add_ip(arena, &service->requested_ips, &service->n_requested, value);
        } else if ((value = word_value(word, "askpool"))) {
                service->requested_pool = arena_strdup(arena, value);
        } else if ((value = word_value(word, "askerror"))) {
                service->request_error = arena_strdup(arena, value);
        } else if (!strcmp(word, "hostname")) {
                service->has_hostname = true;
        } else if ((value = word_value(word, "alloc"))) {
                service->allocated_pool = arena_strdup(arena, value);
        } else if ((value = word_value(word, "term"))) {
                service->term = strtoull(value, NULL, 10);
        } else if ((value = word_value(word, "health"))) {
                service->health_port = (uint16_t)atoi(value);
        } else if ((value = word_value(word, "share"))) {
                service->share_key = arena_strdup(arena, value);
        } else if ((value = word_value(word, "pods"))) {
                service->pod_selector = arena_strdup(arena, value);
        } else if ((value = word_value(word, "class"))) {
                service->lb_class = arena_strdup(arena, value);
        } else if ((value = word_value(word, "port"))) {
                add_port(arena, service, value);
        } else if ((value = word_value(word, "family"))) {
                service->n_families = 0;
                for (; *value && *value != '0'; value++)
                        service->families[service->n_families++] = *value == '4' ? IP_V4 : IP_V6;
        } else if (!service_flag(service, word)) {
                bad_word(word);
        }
}

/* ep=ADDRESS@NODE:FLAGS; flags r(eady), s(erving), t(erminating); a node "-" is none. */
static inline void slice_word(struct fact *fact, const char *word)
{
        struct endpoint_slice *slice = &fact->u.slice;
        const char *value;
        if ((value = word_value(word, "service"))) {
                slice->service = arena_strdup(fact->arena, value);
        } else if ((value = word_value(word, "ep"))) {
                struct endpoint *v = arena_array(fact->arena, slice->n + 1, sizeof(*v));
                char *text = arena_strdup(fact->arena, value), *at = strchr(text, '@');
                char *flags = strrchr(at, ':');
                for (size_t i = 0; i < slice->n; i++)
                        v[i] = slice->v[i];
                *at = *flags = '\0';
                v[slice->n++] = (struct endpoint){.ip = test_ip(text),
                                                  .node = strcmp(at + 1, "-") ? at + 1 : NULL,
                                                  .ready = strchr(flags + 1, 'r'),
                                                  .serving = strchr(flags + 1, 's'),
                                                  .terminating = strchr(flags + 1, 't')};
                slice->v = v;
        } else {
                bad_word(word);
        }
}

static inline void node_word(struct fact *fact, const char *word)
{
        if (!strcmp(word, "excluded"))
                fact->u.node.excluded = true;
        else if (!strcmp(word, "leaving"))
                fact->u.node.leaving = REASON_NODE_LEAVING;
        else if (!strcmp(word, "tainted"))
                fact->u.node.leaving = REASON_NODE_OUT_OF_SERVICE;
        else if (!strcmp(word, "cordoned"))
                fact->u.node.cordoned = true;
        else if (!strcmp(word, "notready"))
                fact->u.node.ready = false;
        else if (!strcmp(word, "netdown"))
                fact->u.node.network_down = true;
        else
                bad_word(word);
}

static inline void fact_word(struct fact *fact, const char *word)
{
        const char *value;
        if ((value = word_value(word, "uid")))
                fact->ref.uid = arena_strdup(fact->arena, value);
        else if ((value = word_value(word, "rv")))
                fact->ref.rv = arena_strdup(fact->arena, value);
        else if ((value = word_value(word, "created")))
                fact->created = atoll(value);
        else if (!strncmp(word, "l:", 2))
                add_label(fact->arena, &fact->labels, word + 2);
        else if (fact->ref.kind == KIND_SERVICE)
                service_word(fact, word);
        else if (fact->ref.kind == KIND_ENDPOINTSLICE)
                slice_word(fact, word);
        else if (fact->ref.kind == KIND_NODE)
                node_word(fact, word);
        else
                bad_word(word);
}

/* A service is of type LoadBalancer, of one IPv4 family, with the uid "NAME" unless told otherwise. */
static inline struct fact *test_fact(enum kind kind, const char *words)
{
        struct fact *fact = fact_new(kind);
        char *text = arena_strdup(fact->arena, words), *rest = text;
        char *name = strtok_r(text, " ", &rest), *slash = strchr(name, '/'), *word;
        fact->ref.uid = arena_strdup(fact->arena, name);
        fact->ref.name = arena_strdup(fact->arena, slash ? slash + 1 : name);
        if (slash) {
                *slash = '\0';
                fact->ref.namespace = name;
        }
        if (kind == KIND_SERVICE) {
                fact->u.service.load_balancer = true;
                fact->u.service.families[0] = IP_V4;
                fact->u.service.n_families = 1;
        } else if (kind == KIND_NODE) {
                fact->u.node.ready = true;
        }
        while ((word = strtok_r(NULL, " ", &rest)))
                fact_word(fact, word);
        return fact;
}

static inline struct fact *test_service(const char *words)
{
        return test_fact(KIND_SERVICE, words);
}

/* ---- configs: of each kind at most 8 objects, given in the order of their names ---- */

enum { TEST_MAX = 8 };

static inline struct config *test_config(void)
{
        struct arena *arena = arena_new();
        struct config *config = arena_alloc(arena, sizeof(*config));
        config->arena = arena;
        config->pools = arena_array(arena, TEST_MAX, sizeof(*config->pools));
        config->peers = arena_array(arena, TEST_MAX, sizeof(*config->peers));
        config->bgp_ads = arena_array(arena, TEST_MAX, sizeof(*config->bgp_ads));
        config->l2_ads = arena_array(arena, TEST_MAX, sizeof(*config->l2_ads));
        return config;
}

static inline void test_config_free(struct config *config)
{
        arena_free(config->arena);
}

static inline void add_text(struct arena *arena, const char ***v, size_t *n, const char *text)
{
        const char **grown = arena_array(arena, *n + 1, sizeof(*grown));
        for (size_t i = 0; i < *n; i++)
                grown[i] = (*v)[i];
        grown[(*n)++] = arena_strdup(arena, text);
        *v = grown;
}

/* One more selector, "key=value". */
static inline void add_selector(struct arena *arena, struct selectors *selectors, const char *text)
{
        struct selector *v = arena_array(arena, selectors->n + 1, sizeof(*v));
        for (size_t i = 0; i < selectors->n; i++)
                v[i] = selectors->v[i];
        add_label(arena, &v[selectors->n].match, text);
        selectors->v = v;
        selectors->n++;
}

static inline void add_range(struct arena *arena, struct pool *pool, const char *text)
{
        struct ip_range *v = arena_array(arena, pool->n_ranges + 1, sizeof(*v));
        for (size_t i = 0; i < pool->n_ranges; i++)
                v[i] = pool->ranges[i];
        if (ip_range_parse(text, &v[pool->n_ranges++]))
                bad_word(text);
        pool->ranges = v;
}

static inline bool pool_flag(struct pool *pool, const char *word)
{
        if (!strcmp(word, "noauto"))
                pool->auto_assign = false;
        else if (!strcmp(word, "nobuggy"))
                pool->avoid_buggy_ips = true;
        else if (!strcmp(word, "pinned"))
                pool->pinned = true;
        else if (!strcmp(word, "invalid"))
                pool->valid = false;
        else
                return false;
        return true;
}

static inline void test_pool(struct config *config, const char *words)
{
        struct arena *arena = config->arena;
        char *text = arena_strdup(arena, words), *rest = NULL, *word;
        struct pool *pool = &config->pools[config->n_pools++];
        const char *value;
        *pool = (struct pool){.auto_assign = true, .valid = true};
        pool->ref = (struct ref){KIND_IPADDRESSPOOL, "", "", strtok_r(text, " ", &rest), "", ""};
        while ((word = strtok_r(NULL, " ", &rest))) {
                if ((value = word_value(word, "range")))
                        add_range(arena, pool, value);
                else if ((value = word_value(word, "priority")))
                        pool->priority = atoi(value);
                else if ((value = word_value(word, "namespace")))
                        add_text(arena, &pool->namespaces, &pool->n_namespaces, value);
                else if (!strncmp(word, "nssel:", 6))
                        add_selector(arena, &pool->namespace_selectors, word + 6);
                else if (!strncmp(word, "sel:", 4))
                        add_selector(arena, &pool->service_selectors, word + 4);
                else if (!strncmp(word, "l:", 2))
                        add_label(arena, &pool->labels, word + 2);
                else if (!pool_flag(pool, word))
                        bad_word(word);
        }
}

static inline bool ad_word(struct arena *arena, struct advertisement *ad, const char *word)
{
        const char *value;
        if ((value = word_value(word, "pool")))
                add_text(arena, &ad->pools, &ad->n_pools, value);
        else if (!strncmp(word, "poolsel:", 8))
                add_selector(arena, &ad->pool_selectors, word + 8);
        else if (!strncmp(word, "nodesel:", 8))
                add_selector(arena, &ad->node_selectors, word + 8);
        else if (!strncmp(word, "sel:", 4))
                add_selector(arena, &ad->service_selectors, word + 4);
        else
                return false;
        return true;
}

static inline void test_l2_ad(struct config *config, const char *words)
{
        char *text = arena_strdup(config->arena, words), *rest = NULL, *word;
        struct l2_ad *ad = &config->l2_ads[config->n_l2_ads++];
        const char *value;
        *ad = (struct l2_ad){0};
        ad->ad.ref = (struct ref){KIND_L2ADVERTISEMENT, "", "", strtok_r(text, " ", &rest), "", ""};
        while ((word = strtok_r(NULL, " ", &rest))) {
                if ((value = word_value(word, "interface")))
                        add_text(config->arena, &ad->interfaces, &ad->n_interfaces, value);
                else if (!ad_word(config->arena, &ad->ad, word))
                        bad_word(word);
        }
}

static inline void test_bgp_ad(struct config *config, const char *words)
{
        struct arena *arena = config->arena;
        char *text = arena_strdup(arena, words), *rest = NULL, *word;
        struct bgp_ad *ad = &config->bgp_ads[config->n_bgp_ads++];
        const char *value;
        *ad = (struct bgp_ad){.aggregation_len4 = 32, .aggregation_len6 = 128};
        ad->communities = arena_array(arena, TEST_MAX, sizeof(*ad->communities));
        ad->ad.ref = (struct ref){KIND_BGPADVERTISEMENT, "", "", strtok_r(text, " ", &rest), "", ""};
        while ((word = strtok_r(NULL, " ", &rest))) {
                if ((value = word_value(word, "peer"))) {
                        add_text(arena, &ad->peers, &ad->n_peers, value);
                } else if ((value = word_value(word, "len4"))) {
                        ad->aggregation_len4 = (uint8_t)atoi(value);
                } else if ((value = word_value(word, "len6"))) {
                        ad->aggregation_len6 = (uint8_t)atoi(value);
                } else if ((value = word_value(word, "localpref"))) {
                        ad->has_local_pref = true;
                        ad->local_pref = (uint32_t)atoi(value);
                } else if ((value = word_value(word, "community"))) { /* given in order */
                        ad->communities[ad->n_communities++] =
                                (struct community){false, 65000, (uint32_t)atoi(value), 0};
                } else if (!ad_word(arena, &ad->ad, word)) {
                        bad_word(word);
                }
        }
}

static inline void test_peer(struct config *config, const char *words)
{
        char *text = arena_strdup(config->arena, words), *rest = NULL, *word;
        struct bgp_peer *peer = &config->peers[config->n_peers++];
        *peer = (struct bgp_peer){.port = (uint16_t)(179 + config->n_peers)}; /* sessions of their own */
        peer->ref = (struct ref){KIND_BGPPEER, "", "", strtok_r(text, " ", &rest), "", ""};
        while ((word = strtok_r(NULL, " ", &rest))) {
                const char *value;
                if (!strncmp(word, "nodesel:", 8))
                        add_selector(config->arena, &peer->node_selectors, word + 8);
                else if ((value = word_value(word, "address")))
                        peer->address = test_ip(value), peer->port = 179;
                else
                        bad_word(word);
        }
}
