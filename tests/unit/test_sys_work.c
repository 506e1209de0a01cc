/* sys/work: jobs on the pool and the order of a lane. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "sys/work.h"
#include "sys/work_lane.h"

static int set_up(void **state) {
    *state = loop_new();
    return 0;
}

static int tear_down(void **state) {
    loop_free(*state);
    return 0;
}

struct shared {
    struct loop *loop;
    pthread_t loop_thread;
    atomic_int running; /* jobs on the pool now */
    atomic_int runs;
    int finished;
    int wanted; /* the loop stops after so many */
    bool overlapped;
    bool wrong_thread;
    bool out_of_order;
    int idle_calls;
};

struct job {
    struct shared *shared;
    int number;
    int order_of_run;
};

static void run(void *arg) {
    struct job *job = arg;
    if (pthread_equal(pthread_self(), job->shared->loop_thread))
        job->shared->wrong_thread = true;
    if (atomic_fetch_add(&job->shared->running, 1) != 0)
        job->shared->overlapped = true;
    job->order_of_run = atomic_fetch_add(&job->shared->runs, 1);
    atomic_fetch_sub(&job->shared->running, 1);
}

static void done(void *arg) {
    struct job *job = arg;
    struct shared *shared = job->shared;
    if (!pthread_equal(pthread_self(), shared->loop_thread))
        shared->wrong_thread = true;
    if (job->number != shared->finished || job->order_of_run != job->number)
        shared->out_of_order = true;
    if (++shared->finished == shared->wanted)
        loop_stop(shared->loop);
}

static void test_run(void **state) {
    struct shared shared = {.loop = *state, .loop_thread = pthread_self(), .wanted = 1};
    struct job job = {.shared = &shared};
    work_run(*state, run, done, &job);
    assert_int_equal(shared.finished, 0);
    loop_run(*state);
    assert_int_equal(shared.finished, 1);
    assert_false(shared.wrong_thread);
}

static void any_order_run(void *arg) {
    atomic_fetch_add(&((struct shared *)arg)->runs, 1);
}

static void any_order_done(void *arg) {
    struct shared *shared = arg;
    if (++shared->finished == shared->wanted)
        loop_stop(shared->loop);
}

static void test_many(void **state) {
    struct shared shared = {.loop = *state, .wanted = 200};
    for (int i = 0; i < 200; i++)
        work_run(*state, any_order_run, any_order_done, &shared);
    loop_run(*state);
    assert_int_equal(shared.runs, 200);
}

static void test_a_lane_keeps_order(void **state) {
    struct shared shared = {.loop = *state, .loop_thread = pthread_self(), .wanted = 300};
    struct work_lane *lane = work_lane_new(*state);
    static struct job jobs[300];
    for (int i = 0; i < 300; i++) {
        jobs[i] = (struct job){.shared = &shared, .number = i};
        work_lane_run(lane, run, done, &jobs[i]);
    }
    assert_int_equal(work_lane_pending(lane), 300);
    loop_run(*state);
    assert_int_equal(shared.finished, 300);
    assert_false(shared.overlapped);
    assert_false(shared.out_of_order);
    assert_false(shared.wrong_thread);
    assert_int_equal(work_lane_pending(lane), 0);
    work_lane_free(lane);
    work_lane_free(NULL);
}

struct owner {
    struct work_lane *lane;
    struct shared shared;
    struct job second;
    int pending_in_done;
};

static void run_first(void *arg) {
    struct owner *owner = arg;
    atomic_fetch_add(&owner->shared.runs, 1);
}

static void add_second(void *arg) {
    struct owner *owner = arg;
    owner->pending_in_done = (int)work_lane_pending(owner->lane);
    owner->shared.finished = 1;
    owner->second = (struct job){.shared = &owner->shared, .number = 1};
    work_lane_run(owner->lane, run, done, &owner->second);
}

static void free_lane(void *arg) {
    struct owner *owner = arg;
    assert_int_equal(work_lane_pending(owner->lane), 0);
    owner->shared.idle_calls++;
    work_lane_free(owner->lane);
    loop_stop(owner->shared.loop);
}

static void test_drain_waits_for_jobs_added_meanwhile(void **state) {
    struct owner owner = {.lane = work_lane_new(*state)};
    owner.shared.loop = *state;
    owner.shared.loop_thread = pthread_self();
    work_lane_run(owner.lane, run_first, add_second, &owner);
    work_lane_drain(owner.lane, free_lane, &owner);
    assert_int_equal(owner.shared.idle_calls, 0);
    loop_run(*state);
    assert_int_equal(owner.pending_in_done, 1);
    assert_int_equal(owner.shared.finished, 2);
    assert_int_equal(owner.shared.idle_calls, 1);
}

static void test_drain_of_an_empty_lane(void **state) {
    struct owner owner = {.lane = work_lane_new(*state)};
    owner.shared.loop = *state;
    work_lane_drain(owner.lane, free_lane, &owner);
    assert_int_equal(owner.shared.idle_calls, 1);
}

static void test_lanes_run_beside_each_other(void **state) {
    struct shared shared[2] = {{.loop = *state, .loop_thread = pthread_self(), .wanted = 50},
                               {.loop = *state, .loop_thread = pthread_self(), .wanted = 50}};
    static struct job jobs[2][50];
    struct work_lane *lanes[2] = {work_lane_new(*state), work_lane_new(*state)};
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < 2; k++) {
            jobs[k][i] = (struct job){.shared = &shared[k], .number = i};
            work_lane_run(lanes[k], run, done, &jobs[k][i]);
        }
    }
    while (shared[0].finished + shared[1].finished < 100)
        loop_run(*state);
    for (int k = 0; k < 2; k++) {
        assert_false(shared[k].overlapped);
        assert_false(shared[k].out_of_order);
        work_lane_free(lanes[k]);
    }
}

struct gate {
    sem_t began;
    sem_t open;
};

static void wait_at_gate(void *arg) {
    struct gate *gate = arg;
    sem_post(&gate->began);
    sem_wait(&gate->open);
}

static void pass_gate(void *arg) {
    (void)arg;
}

static void test_what_has_not_begun_can_be_recalled(void **state) {
    struct shared shared = {.loop = *state, .loop_thread = pthread_self(), .wanted = 2};
    struct job jobs[3] = {{&shared, 0, 0}, {&shared, 1, 0}, {&shared, 2, 0}};
    struct work_lane *lane = work_lane_new(*state);
    struct gate gate;
    sem_init(&gate.began, 0, 0);
    sem_init(&gate.open, 0, 0);
    assert_false(work_lane_recall(lane, &gate)); /* it was never given */
    work_lane_run(lane, wait_at_gate, pass_gate, &gate);
    sem_wait(&gate.began);
    assert_false(work_lane_recall(lane, &gate)); /* it runs */
    for (int i = 0; i < 3; i++)
        work_lane_run(lane, run, done, &jobs[i]);
    assert_false(work_lane_recall(lane, &jobs[1])); /* it is not the last */
    assert_true(work_lane_recall(lane, &jobs[2]));
    assert_false(work_lane_recall(lane, &jobs[2]));
    assert_int_equal(work_lane_pending(lane), 3);
    assert_int_equal(shared.runs, 0);
    sem_post(&gate.open);
    loop_run(*state);
    assert_int_equal(shared.finished, 2);
    assert_false(shared.out_of_order);
    assert_int_equal(work_lane_pending(lane), 0);
    work_lane_free(lane);
    sem_destroy(&gate.began);
    sem_destroy(&gate.open);
}

/* It goes on while the loop is busy with something else. */
static void test_a_lane_does_not_wait_for_the_loop(void **state) {
    struct gate gates[2];
    struct work_lane *lane = work_lane_new(*state);
    for (int i = 0; i < 2; i++) {
        sem_init(&gates[i].began, 0, 0);
        sem_init(&gates[i].open, 0, 1);
        work_lane_run(lane, wait_at_gate, pass_gate, &gates[i]);
    }
    sem_wait(&gates[0].began);
    sem_wait(&gates[1].began); /* no turn of the loop was needed */
    assert_int_equal(work_lane_pending(lane), 2);
    while (work_lane_pending(lane) > 0)
        loop_turn(*state, true);
    work_lane_free(lane);
    for (int i = 0; i < 2; i++) {
        sem_destroy(&gates[i].began);
        sem_destroy(&gates[i].open);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_run),
        TEST(test_many),
        TEST(test_a_lane_keeps_order),
        TEST(test_drain_waits_for_jobs_added_meanwhile),
        TEST(test_drain_of_an_empty_lane),
        TEST(test_lanes_run_beside_each_other),
        TEST(test_what_has_not_begun_can_be_recalled),
        TEST(test_a_lane_does_not_wait_for_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
