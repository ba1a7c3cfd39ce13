/*
 * Looks at a Service whose status was written with an unknown outcome: one consistent GET, whose answer goes to the
 * store as the watch's events do. Nothing can be said of the write before (design decision 5).
 */
#pragma once
struct control;
struct kube_look;
struct transport;
struct write;

/* looked(arg, write) when the answer is in the store, or there was none; write is the look's to free. */
struct kube_look *kube_look_new(struct transport *, struct control *,
                                void (*looked)(void *arg, const struct write *), void *arg);
void kube_look_free(struct kube_look *); /* NULL is fine */
void kube_look_at(struct kube_look *, const struct write *); /* copies what it needs */
