#pragma once
#include <malloc.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Variadic, so Swift cannot call it. The topic goes by handle (RD_KAFKA_V_RKT): a name would be
 * looked up per record, and on 2.0.2 the first look-up waits up to a second (fixed in 2.10.1,
 * https://github.com/confluentinc/librdkafka/pull/5032).
 *
 * Headers go as one prebuilt list: inline ones are freed twice when the partition does not exist
 * (fixed in 2.12.0, https://github.com/confluentinc/librdkafka/pull/4628). On success librdkafka
 * owns the list; on an error it stays the caller's. A timestamp of 0 means "now". */
static inline rd_kafka_resp_err_t handoff_produce(
    rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partition, int flags,
    const void *key, size_t key_size, const void *value, size_t value_size,
    int64_t timestamp_ms, rd_kafka_headers_t *headers, void *opaque) {
    if (headers) {
        return rd_kafka_producev(
            rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_MSGFLAGS(flags), RD_KAFKA_V_KEY(key, key_size),
            RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_TIMESTAMP(timestamp_ms),
            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    }
    return rd_kafka_producev(
        rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(flags),
        RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE((void *)value, value_size),
        RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}

/* Variadic as well: lets the mock broker answer the next request of a kind so much later. */
static inline rd_kafka_resp_err_t handoff_mock_delay(
    rd_kafka_mock_cluster_t *cluster, int32_t broker, int16_t request, int milliseconds) {
    return rd_kafka_mock_broker_push_request_error_rtts(
        cluster, broker, request, 1, RD_KAFKA_RESP_ERR_NO_ERROR, milliseconds);
}

/* Swift's Glibc module leaves out epoll and eventfd. All return -1 and set errno on failure. */
static inline int handoff_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int handoff_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int handoff_epoll_add(int epoll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int handoff_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, (struct epoll_event *)0);
}

/* Waits without limit; puts the readable descriptors (at most 32) into `ready`. */
static inline int handoff_epoll_wait(int epoll, int *ready) {
    struct epoll_event events[32];
    int count = epoll_wait(epoll, events, 32, -1);
    for (int i = 0; i < count; i++) ready[i] = events[i].data.fd;
    return count;
}
