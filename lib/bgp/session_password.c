/* The key of a session's TCP MD5 signatures: kept as long as it is of use, overwritten afterwards. */
#include "base/arena.h"
#include "bgp/session_priv.h"
#include <stdlib.h>
#include <string.h>

void session_forget_password(struct session *s)
{
        if (s->password)
                explicit_bzero(s->password, strlen(s->password));
        free(s->password);
        s->password = NULL;
}

bool session_take_password(struct session *s, const struct bgp_peer *peer)
{
        const char *old = s->password ? s->password : "", *new = peer->password ? peer->password : "";
        if (s->peer.has_password == peer->has_password && strcmp(old, new) == 0)
                return false;
        session_forget_password(s);
        s->password = peer->password ? xstrdup(peer->password) : NULL;
        return true;
}
