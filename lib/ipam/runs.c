/*
 * Runs are the nodes of the C library's balanced tree (tsearch). Two runs compare equal when they overlap;
 * since runs in the tree never do, looking for a run of one address finds the run that has it. Neighbouring
 * runs are always joined: no run's end is followed by another's beginning.
 */
#include "ipam/runs.h"
#include "base/arena.h"
#include <search.h>
#include <stdlib.h>

struct run {
        struct ip first, last;
};

static int run_cmp(const void *a, const void *b)
{
        const struct run *x = a, *y = b;
        if (ip_cmp(x->last, y->first) < 0)
                return -1;
        return ip_cmp(x->first, y->last) > 0;
}

static struct run *run_of(const struct runs *runs, struct ip ip)
{
        struct run key = {ip, ip};
        struct run *const *node = tfind(&key, &runs->root, run_cmp);
        return node ? *node : NULL;
}

static struct ip before(struct ip ip)
{
        for (size_t i = sizeof(ip.b); i-- > 0;)
                if (ip.b[i]-- != 0)
                        break;
        return ip;
}

static bool after(struct ip *ip)
{
        return ip_add(ip, 1);
}

static void insert(struct runs *runs, struct ip first, struct ip last)
{
        struct run *run = xcalloc(1, sizeof(*run));
        *run = (struct run){first, last};
        struct run **node = tsearch(run, &runs->root, run_cmp);
        if (!node || *node != run)
                abort();
}

static void erase(struct runs *runs, struct run *run)
{
        tdelete(run, &runs->root, run_cmp);
        free(run);
}

void runs_add(struct runs *runs, struct ip ip)
{
        struct ip next = ip;
        struct run *left = run_of(runs, before(ip));
        struct run *right = after(&next) ? run_of(runs, next) : NULL;
        if (run_of(runs, ip))
                abort();
        if (left && right) {
                struct ip last = right->last;
                erase(runs, right);
                left->last = last;
        } else if (left) {
                left->last = ip;
        } else if (right) {
                right->first = ip;
        } else {
                insert(runs, ip, ip);
        }
}

void runs_remove(struct runs *runs, struct ip ip)
{
        struct run *run = run_of(runs, ip);
        if (!run)
                abort();
        struct ip last = run->last, next = ip;
        if (ip_eq(run->first, ip)) {
                if (ip_eq(last, ip))
                        erase(runs, run);
                else if (after(&run->first) == false)
                        abort();
                return;
        }
        run->last = before(ip);
        if (!ip_eq(last, ip) && after(&next))
                insert(runs, next, last);
}

bool runs_next_outside(const struct runs *runs, struct ip *ip)
{
        const struct run *run = run_of(runs, *ip);
        if (!run)
                return true;
        struct ip next = run->last;
        if (!after(&next))
                return false;
        *ip = next;
        return true;
}

void runs_free(struct runs *runs)
{
        tdestroy(runs->root, free);
        runs->root = NULL;
}
