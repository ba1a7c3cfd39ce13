/* Leader election in virtual time: one node against a record that the test writes, then several against each
 * other. */
#include "k8s/lease_fsm.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static struct mono at(double s)
{
        return (struct mono){(int64_t)(s * 1e9)};
}

static struct lease_record held_by(const char *holder, const char *renewed, uint64_t transitions)
{
        struct lease_record r = {.duration_ns = LEASE_DURATION, .transitions = transitions};
        snprintf(r.holder, sizeof(r.holder), "%s", holder);
        snprintf(r.renewed, sizeof(r.renewed), "%s", renewed);
        return r;
}

static double next_of(const struct lease_fsm *f)
{
        return (double)lease_fsm_next(f).ns / 1e9;
}

START_TEST(the_first_creates_the_lease)
{
        struct lease_fsm f;
        lease_fsm_init(&f, "a", at(0), 7);
        ck_assert_int_eq(lease_fsm_poll(&f, at(0)), LEASE_GET);
        ck_assert_int_eq(lease_fsm_poll(&f, at(1)), LEASE_WAIT); /* one request at a time */
        lease_fsm_done(&f, LEASE_ABSENT, NULL, at(1));
        ck_assert_int_eq(lease_fsm_poll(&f, at(1)), LEASE_CREATE);
        struct lease_record r = lease_fsm_proposal(&f);
        ck_assert_str_eq(r.holder, "a");
        ck_assert_uint_eq(r.transitions, 1);
        ck_assert(!f.leading);
        lease_fsm_done(&f, LEASE_OK, &r, at(2));
        ck_assert(f.leading);
        ck_assert_uint_eq(f.term, 1);
        ck_assert_double_eq(next_of(&f), 3); /* 2 s after the renewal was sent */
}
END_TEST

START_TEST(a_lost_race_is_followed)
{
        struct lease_fsm f;
        struct lease_record other = held_by("b", "t1", 1);
        lease_fsm_init(&f, "a", at(0), 7);
        lease_fsm_poll(&f, at(0));
        lease_fsm_done(&f, LEASE_ABSENT, NULL, at(0));
        ck_assert_int_eq(lease_fsm_poll(&f, at(0)), LEASE_CREATE);
        lease_fsm_done(&f, LEASE_CONFLICT, NULL, at(0));
        ck_assert_int_eq(lease_fsm_poll(&f, at(0)), LEASE_WAIT);
        ck_assert(next_of(&f) >= 2 && next_of(&f) <= 4.4);
        ck_assert_int_eq(lease_fsm_poll(&f, lease_fsm_next(&f)), LEASE_GET);
        lease_fsm_done(&f, LEASE_OK, &other, at(5));
        ck_assert_int_eq(lease_fsm_poll(&f, at(5)), LEASE_WAIT);
        ck_assert(!f.leading);
}
END_TEST

/* Polls the follower until it does something else than to GET `record`; returns when. */
static double until_it_takes(struct lease_fsm *f, struct lease_record (*record)(double), double from,
                             double to, enum lease_act *act)
{
        double t = from;
        while (t <= to) {
                *act = lease_fsm_poll(f, at(t));
                if (*act == LEASE_GET) {
                        struct lease_record r = record(t);
                        lease_fsm_done(f, LEASE_OK, &r, at(t));
                } else if (*act != LEASE_WAIT) {
                        return t;
                } else {
                        t = next_of(f) > t ? next_of(f) : t + 0.001;
                }
        }
        return -1;
}

static struct lease_record silent(double t)
{
        (void)t;
        return held_by("b", "once", 3);
}

static struct lease_record alive(double t)
{
        char renewed[32];
        snprintf(renewed, sizeof(renewed), "%d", (int)(t / 2));
        return held_by("b", renewed, 3);
}

static struct lease_record given_back(double t)
{
        struct lease_record r = held_by("", "once", 3);
        (void)t;
        r.duration_ns = SEC;
        return r;
}

START_TEST(a_silent_leader_is_followed_after_15_s_of_our_own_clock)
{
        struct lease_fsm f;
        enum lease_act act;
        lease_fsm_init(&f, "a", at(1000), 7);
        double t = until_it_takes(&f, silent, 1000, 1100, &act);
        ck_assert(t > 1015 && t < 1015 + 4.5);
        ck_assert_int_eq(act, LEASE_UPDATE);
        struct lease_record r = lease_fsm_proposal(&f);
        ck_assert_uint_eq(r.transitions, 4);
        lease_fsm_done(&f, LEASE_OK, &r, at(t + 0.1));
        ck_assert(f.leading);
        ck_assert_uint_eq(f.term, 4);
}
END_TEST

START_TEST(a_live_leader_is_left_alone)
{
        struct lease_fsm f;
        enum lease_act act;
        lease_fsm_init(&f, "a", at(0), 7);
        ck_assert(until_it_takes(&f, alive, 0, 3600, &act) < 0);
}
END_TEST

START_TEST(a_lease_that_was_given_back_is_taken_at_once)
{
        struct lease_fsm f;
        enum lease_act act;
        lease_fsm_init(&f, "a", at(0), 7);
        ck_assert_double_eq(until_it_takes(&f, given_back, 0, 60, &act), 0);
        ck_assert_int_eq(act, LEASE_UPDATE);
        ck_assert_uint_eq(lease_fsm_proposal(&f).transitions, 4);
}
END_TEST

static void lead(struct lease_fsm *f, double t)
{
        lease_fsm_init(f, "a", at(t), 7);
        lease_fsm_poll(f, at(t));
        lease_fsm_done(f, LEASE_ABSENT, NULL, at(t));
        lease_fsm_poll(f, at(t));
        struct lease_record r = lease_fsm_proposal(f);
        lease_fsm_done(f, LEASE_OK, &r, at(t));
        ck_assert(f->leading);
}

/* The term judges who holds an address: it never goes back. */
START_TEST(a_lease_that_is_made_anew_goes_on_counting)
{
        struct lease_fsm f;
        struct lease_record r = held_by("", "t", 57);
        lease_fsm_init(&f, "a", at(0), 7);
        lease_fsm_poll(&f, at(0));
        lease_fsm_done(&f, LEASE_OK, &r, at(0));
        ck_assert_int_eq(lease_fsm_poll(&f, at(0)), LEASE_UPDATE);
        r = lease_fsm_proposal(&f);
        ck_assert_uint_eq(r.transitions, 58);
        lease_fsm_done(&f, LEASE_OK, &r, at(0));
        ck_assert_int_eq(lease_fsm_poll(&f, at(2)), LEASE_UPDATE);
        lease_fsm_done(&f, LEASE_ABSENT, NULL, at(2)); /* somebody deleted it */
        ck_assert_int_eq(lease_fsm_poll(&f, lease_fsm_next(&f)), LEASE_GET);
        lease_fsm_done(&f, LEASE_ABSENT, NULL, at(4));
        ck_assert_int_eq(lease_fsm_poll(&f, at(4)), LEASE_CREATE);
        r = lease_fsm_proposal(&f);
        ck_assert_uint_ge(r.transitions, 58);
        lease_fsm_done(&f, LEASE_OK, &r, at(4));
        r = held_by("a", "t2", 0); /* somebody took the count away */
        f.fresh = false;
        ck_assert_int_eq(lease_fsm_poll(&f, at(6)), LEASE_GET);
        lease_fsm_done(&f, LEASE_OK, &r, at(6));
        ck_assert_int_eq(lease_fsm_poll(&f, at(6)), LEASE_UPDATE);
        ck_assert_uint_ge(lease_fsm_proposal(&f).transitions, 58);
}
END_TEST

START_TEST(the_count_stays_within_what_the_api_takes)
{
        struct lease_fsm f;
        struct lease_record r = held_by("", "t", INT32_MAX);
        lease_fsm_init(&f, "a", at(0), 7);
        lease_fsm_poll(&f, at(0));
        lease_fsm_done(&f, LEASE_OK, &r, at(0));
        ck_assert_uint_eq(lease_fsm_proposal(&f).transitions, INT32_MAX);
        r = held_by("a", "t", 0);
        lease_fsm_init(&f, "a", at(0), 7);
        lease_fsm_poll(&f, at(0));
        lease_fsm_done(&f, LEASE_OK, &r, at(0));
        ck_assert_uint_eq(lease_fsm_proposal(&f).transitions, 1); /* 0 is no term */
}
END_TEST

START_TEST(a_leader_renews_every_2_s_without_a_look)
{
        struct lease_fsm f;
        lead(&f, 0);
        for (int i = 1; i < 100; i++) {
                ck_assert_int_eq(lease_fsm_poll(&f, at(2 * i - 0.1)), LEASE_WAIT);
                ck_assert_int_eq(lease_fsm_poll(&f, at(2 * i)), LEASE_UPDATE);
                struct lease_record r = lease_fsm_proposal(&f);
                ck_assert_uint_eq(r.transitions, 1);
                snprintf(r.renewed, sizeof(r.renewed), "%d", i);
                lease_fsm_done(&f, LEASE_OK, &r, at(2 * i + 0.01));
                ck_assert(f.leading);
        }
}
END_TEST

START_TEST(a_leader_that_cannot_renew_stops_10_s_after_its_last_renewal_was_sent)
{
        struct lease_fsm f;
        lead(&f, 0);
        for (double t = 2; t < 10; t = next_of(&f)) {
                enum lease_act act = lease_fsm_poll(&f, at(t));
                ck_assert_int_eq(act, t > 2.1 ? LEASE_GET : LEASE_UPDATE);
                ck_assert(f.leading);
                lease_fsm_done(&f, LEASE_FAILED, NULL, at(t + 0.5));
                ck_assert(next_of(&f) <= 10);
        }
        lease_fsm_poll(&f, at(9.999));
        ck_assert(f.leading);
        lease_fsm_poll(&f, at(10));
        ck_assert(!f.leading);
}
END_TEST

START_TEST(an_answer_that_hangs_does_not_hold_the_leader_up)
{
        struct lease_fsm f;
        lead(&f, 0);
        ck_assert_int_eq(lease_fsm_poll(&f, at(2)), LEASE_UPDATE);
        ck_assert_double_eq(next_of(&f), 10); /* the deadline, though a request runs */
        ck_assert_int_eq(lease_fsm_poll(&f, at(10)), LEASE_WAIT);
        ck_assert(!f.leading);
        /* the answer comes after all, too late: no leading on its strength */
        struct lease_record r = lease_fsm_proposal(&f);
        lease_fsm_done(&f, LEASE_OK, &r, at(13));
        ck_assert(!f.leading);
        ck_assert_int_eq(lease_fsm_poll(&f, at(13)), LEASE_UPDATE); /* still its own: it may renew */
        lease_fsm_done(&f, LEASE_OK, &r, at(13.1));
        ck_assert(f.leading);
}
END_TEST

START_TEST(a_write_whose_answer_was_lost_is_found_by_the_next_look)
{
        struct lease_fsm f;
        lease_fsm_init(&f, "a", at(0), 7);
        lease_fsm_poll(&f, at(0));
        lease_fsm_done(&f, LEASE_ABSENT, NULL, at(0));
        lease_fsm_poll(&f, at(0));
        lease_fsm_done(&f, LEASE_FAILED, NULL, at(1)); /* but the server did create it */
        struct mono t = lease_fsm_next(&f);
        ck_assert_int_eq(lease_fsm_poll(&f, t), LEASE_GET);
        struct lease_record mine = held_by("a", "t", 1);
        lease_fsm_done(&f, LEASE_OK, &mine, t);
        ck_assert_int_eq(lease_fsm_poll(&f, t), LEASE_UPDATE);
        ck_assert_uint_eq(lease_fsm_proposal(&f).transitions, 1);
}
END_TEST

START_TEST(a_deposed_leader_stops_when_it_sees_it)
{
        struct lease_fsm f;
        struct lease_record other = held_by("b", "t", 2);
        lead(&f, 0);
        lease_fsm_poll(&f, at(2));
        lease_fsm_done(&f, LEASE_CONFLICT, NULL, at(2));
        ck_assert(f.leading);
        ck_assert_int_eq(lease_fsm_poll(&f, lease_fsm_next(&f)), LEASE_GET);
        lease_fsm_done(&f, LEASE_OK, &other, at(4));
        ck_assert(!f.leading);
}
END_TEST

START_TEST(release_gives_back_what_is_held_and_ends_it)
{
        struct lease_fsm f;
        struct lease_record other = held_by("b", "t", 2);
        lead(&f, 0);
        ck_assert(lease_fsm_release(&f));
        ck_assert(!f.leading);
        ck_assert_int_eq(lease_fsm_poll(&f, at(100)), LEASE_WAIT);
        lease_fsm_init(&f, "a", at(0), 7);
        lease_fsm_poll(&f, at(0));
        lease_fsm_done(&f, LEASE_OK, &other, at(0));
        ck_assert(!lease_fsm_release(&f));
}
END_TEST

/* Three nodes and a server, with pauses, lost answers and clocks that run at different speeds: never two
 * leaders. */
struct world {
        struct lease_record record;
        bool exists;
        int version;
};

struct member {
        struct lease_fsm fsm;
        int read_version;
        double speed, paused_until;
};

static void serve(struct world *w, struct member *m, enum lease_act act, double now, unsigned chance)
{
        bool lost = chance % 10 == 0;
        struct lease_record r = lease_fsm_proposal(&m->fsm);
        struct mono local = at(now * m->speed);
        if (chance % 10 == 1) {
                lease_fsm_done(&m->fsm, LEASE_FAILED, NULL, local);
        } else if (act == LEASE_GET) {
                m->read_version = w->version;
                lease_fsm_done(&m->fsm,
                               lost        ? LEASE_FAILED
                               : w->exists ? LEASE_OK
                                           : LEASE_ABSENT,
                               !lost && w->exists ? &w->record : NULL, local);
        } else if ((act == LEASE_CREATE && w->exists) ||
                   (act == LEASE_UPDATE && w->version != m->read_version)) {
                lease_fsm_done(&m->fsm, LEASE_CONFLICT, NULL, local);
        } else {
                w->exists = true;
                w->record = r;
                w->version++;
                snprintf(w->record.renewed, sizeof(w->record.renewed), "%.3f", now);
                if (!lost)
                        m->read_version = w->version;
                lease_fsm_done(&m->fsm, lost ? LEASE_FAILED : LEASE_OK, lost ? NULL : &w->record, local);
        }
}

START_TEST(never_two_leaders)
{
        static const double speeds[] = {1, 1.2, 0.9};
        struct world w = {0};
        struct member m[3];
        uint64_t terms = 0, random = 0x9E3779B97F4A7C15u + (uint64_t)_i;
        int led = 0;
        for (int i = 0; i < 3; i++) {
                char name[8];
                snprintf(name, sizeof(name), "n%d", i);
                m[i] = (struct member){.speed = speeds[i]};
                lease_fsm_init(&m[i].fsm, name, at(0), random + (uint64_t)i);
        }
        for (double now = 0; now < 2000; now += 0.05) {
                int leaders = 0;
                for (int i = 0; i < 3; i++) {
                        random = random * 6364136223846793005u + 1442695040888963407u;
                        unsigned chance = (unsigned)(random >> 40);
                        if (chance % 2000 == 7)
                                m[i].paused_until = now + (double)(chance >> 11 & 63);
                        if (now < m[i].paused_until)
                                continue; /* it cannot act, so what it believes does not count */
                        enum lease_act act;
                        while ((act = lease_fsm_poll(&m[i].fsm, at(now * m[i].speed))) != LEASE_WAIT)
                                serve(&w, &m[i], act, now, chance >> 3);
                        leaders += m[i].fsm.leading;
                        if (m[i].fsm.leading && m[i].fsm.term > terms)
                                terms = m[i].fsm.term;
                }
                ck_assert_msg(leaders <= 1, "%d leaders at %f", leaders, now);
                led += leaders;
        }
        ck_assert_int_gt(led, 20000); /* of 40000 moments */
        ck_assert_uint_gt(terms, 1);  /* it did change hands */
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("lease_fsm");
        TCase *tc = tcase_create("lease_fsm");
        tcase_set_timeout(tc, 60);
        suite_add_tcase(suite, tc);
        tcase_add_test(tc, the_first_creates_the_lease);
        tcase_add_test(tc, a_lost_race_is_followed);
        tcase_add_test(tc, a_silent_leader_is_followed_after_15_s_of_our_own_clock);
        tcase_add_test(tc, a_live_leader_is_left_alone);
        tcase_add_test(tc, a_lease_that_was_given_back_is_taken_at_once);
        tcase_add_test(tc, a_lease_that_is_made_anew_goes_on_counting);
        tcase_add_test(tc, the_count_stays_within_what_the_api_takes);
        tcase_add_test(tc, a_leader_renews_every_2_s_without_a_look);
        tcase_add_test(tc, a_leader_that_cannot_renew_stops_10_s_after_its_last_renewal_was_sent);
        tcase_add_test(tc, an_answer_that_hangs_does_not_hold_the_leader_up);
        tcase_add_test(tc, a_write_whose_answer_was_lost_is_found_by_the_next_look);
        tcase_add_test(tc, a_deposed_leader_stops_when_it_sees_it);
        tcase_add_test(tc, release_gives_back_what_is_held_and_ends_it);
        tcase_add_loop_test(tc, never_two_leaders, 0, 8);
        SRunner *runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        int failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed != 0;
}
