// The floor of deploy/benchmark: what exactly-once costs when the work itself is nothing.
//
// Copies every record of the given inputs to one output topic, bytes as they are, in Kafka
// transactions that carry the consumed offsets: the same promise as handoff's, without reading,
// deciding, or keeping anything. No worker on librdkafka can do its job for less, so handoff's cost
// above this line is what its own work costs.
//
//   floor BOOTSTRAP GROUP OUTPUT EVENTS INPUT...
//
// Ends after EVENTS records (0 = never) or on SIGTERM, and prints one JSON line with its own
// measurements: the rate from the first record taken to the last commit, CPU time per record, peak
// memory, and the time from a record's Kafka timestamp to the commit that holds its copy.

#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
    COMMIT_MS = 100,    // from one commit to the next
    WAIT_MS = 5,        // longest wait for a batch to fill
    BATCH = 4096,       // records taken from the client at once
    LANES_MAX = 1024,   // partitions of all inputs together
    TIMED_MAX = 2000000 // latencies kept; memory is touched only as they come
};

static volatile sig_atomic_t stopping = 0;

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "floor: %s: %s\n", what, why);
    exit(1);
}

static int64_t now_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void check(rd_kafka_error_t *error, const char *what) {
    if (error)
        fail(what, rd_kafka_error_string(error));
}

static rd_kafka_conf_t *configure(const char *const *pairs) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[512];
    for (; pairs[0]; pairs += 2)
        if (rd_kafka_conf_set(conf, pairs[0], pairs[1], why, sizeof why) != RD_KAFKA_CONF_OK)
            fail(pairs[0], why);
    return conf;
}

static rd_kafka_t *open_consumer(const char *bootstrap, const char *group) {
    const char *pairs[] = {"bootstrap.servers", bootstrap, "group.id", group,
                           "client.id", "handoff-floor",
                           "enable.auto.commit", "false", "enable.auto.offset.store", "false",
                           "isolation.level", "read_committed", "auto.offset.reset", "earliest",
                           "fetch.wait.max.ms", "100", "fetch.min.bytes", "1",
                           "max.partition.fetch.bytes", "1048576", "queued.min.messages", "50000",
                           "queued.max.messages.kbytes", "65536", "session.timeout.ms", "30000",
                           "heartbeat.interval.ms", "1000", "max.poll.interval.ms", "120000",
                           "socket.nagle.disable", "true",
                           "partition.assignment.strategy", "range", NULL};
    char why[512];
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, configure(pairs), why, sizeof why);
    if (!consumer)
        fail("consumer", why);
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

static rd_kafka_t *open_producer(const char *bootstrap, const char *group) {
    char id[256];
    snprintf(id, sizeof id, "%s-floor", group);
    const char *pairs[] = {"bootstrap.servers", bootstrap, "transactional.id", id,
                           "client.id", "handoff-floor",
                           "linger.ms", "10", "batch.size", "1000000",
                           "batch.num.messages", "100000", "compression.codec", "lz4",
                           "queue.buffering.max.messages", "500000",
                           "queue.buffering.max.kbytes", "262144", "retry.backoff.ms", "10",
                           "transaction.timeout.ms", "30000", "socket.nagle.disable", "true",
                           "socket.keepalive.enable", "true", NULL};
    char why[512];
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, configure(pairs), why, sizeof why);
    if (!producer)
        fail("producer", why);
    check(rd_kafka_init_transactions(producer, 30000), "init_transactions");
    return producer;
}

// Positions: the offset after the last record copied, per input partition.

typedef struct {
    const rd_kafka_topic_t *handle; // the client gives the same handle for every record of a topic
    int32_t partition;
    int64_t next;
    int dirty;
} Lane;

static Lane lanes[LANES_MAX];
static int lane_count = 0;

static Lane *lane_of(const rd_kafka_message_t *message, Lane *hint) {
    if (hint && hint->handle == message->rkt && hint->partition == message->partition)
        return hint;
    for (int i = 0; i < lane_count; i++)
        if (lanes[i].handle == message->rkt && lanes[i].partition == message->partition)
            return &lanes[i];
    if (lane_count == LANES_MAX)
        fail("inputs", "too many partitions");
    lanes[lane_count] = (Lane){.handle = message->rkt, .partition = message->partition};
    return &lanes[lane_count++];
}

static void send_offsets(rd_kafka_t *producer, rd_kafka_t *consumer) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(lane_count);
    for (int i = 0; i < lane_count; i++) {
        if (!lanes[i].dirty)
            continue;
        const char *topic = rd_kafka_topic_name(lanes[i].handle);
        rd_kafka_topic_partition_list_add(offsets, topic, lanes[i].partition)->offset =
            lanes[i].next;
        lanes[i].dirty = 0;
    }
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(consumer);
    check(rd_kafka_send_offsets_to_transaction(producer, offsets, group, 30000), "send_offsets");
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(offsets);
}

// Copying. Headers are not looked at: the sample events carry none.

static void copy_batch(rd_kafka_t *producer, rd_kafka_topic_t *output, rd_kafka_message_t **in,
                       int count) {
    static rd_kafka_message_t out[BATCH];
    for (int i = 0; i < count; i++)
        out[i] = (rd_kafka_message_t){.payload = in[i]->payload,
                                      .len = in[i]->len,
                                      .key = in[i]->key,
                                      .key_len = in[i]->key_len,
                                      .partition = in[i]->partition};
    for (int done = 0; done < count;) {
        done += rd_kafka_produce_batch(output, RD_KAFKA_PARTITION_UA,
                                       RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, out + done,
                                       count - done);
        if (done == count)
            return;
        // From the first record that found the queue full, none was taken.
        if (out[done].err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            fail("produce", rd_kafka_err2str(out[done].err));
        rd_kafka_poll(producer, 10);
    }
}

// Latencies: Kafka timestamps of the open transaction, then milliseconds once it is committed.

static int64_t *open_stamps;
static uint32_t *latencies;
static int open_count = 0, latency_count = 0;

static void note_stamp(const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    if (latency_count + open_count < TIMED_MAX)
        open_stamps[open_count++] = rd_kafka_message_timestamp(message, &type);
}

static void close_stamps(void) {
    int64_t now = now_us(CLOCK_REALTIME) / 1000;
    for (int i = 0; i < open_count; i++) {
        int64_t late = now - open_stamps[i];
        latencies[latency_count++] = (uint32_t)(late < 0 ? 0 : late);
    }
    open_count = 0;
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t percentile(int part) {
    return latency_count ? latencies[(int64_t)(latency_count - 1) * part / 100] : 0;
}

static void report(int64_t events, int64_t bytes, int64_t started_us, int64_t ended_us) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    double cpu_us = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
                    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
    double seconds = (double)(ended_us - started_us) / 1e6;
    qsort(latencies, (size_t)latency_count, sizeof *latencies, by_size);
    printf("{\"events\":%" PRId64 ",\"bytes\":%" PRId64 ",\"seconds\":%.3f,"
           "\"events_per_second\":%.0f,\"cpu_us_per_event\":%.3f,\"peak_rss_mb\":%.1f,"
           "\"p50_ms\":%u,\"p99_ms\":%u}\n",
           events, bytes, seconds, seconds > 0 ? (double)events / seconds : 0,
           events ? cpu_us / (double)events : 0, (double)use.ru_maxrss / 1024, percentile(50),
           percentile(99));
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: floor BOOTSTRAP GROUP OUTPUT EVENTS INPUT...\n");
        return 2;
    }
    const char *bootstrap = argv[1], *group = argv[2];
    int64_t wanted = atoll(argv[4]);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    open_stamps = malloc(TIMED_MAX * sizeof *open_stamps);
    latencies = malloc(TIMED_MAX * sizeof *latencies);
    if (!open_stamps || !latencies)
        fail("memory", "none left");

    rd_kafka_t *consumer = open_consumer(bootstrap, group);
    rd_kafka_t *producer = open_producer(bootstrap, group);
    rd_kafka_topic_t *output = rd_kafka_topic_new(producer, argv[3], NULL);
    const struct rd_kafka_metadata *metadata; // makes the first produce find its partitions
    if (rd_kafka_metadata(producer, 0, output, &metadata, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);

    rd_kafka_topic_partition_list_t *inputs = rd_kafka_topic_partition_list_new(argc - 5);
    for (int i = 5; i < argc; i++)
        rd_kafka_topic_partition_list_add(inputs, argv[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(consumer, inputs);
    if (error)
        fail("subscribe", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(inputs);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);

    static rd_kafka_message_t *batch[BATCH];
    int64_t events = 0, bytes = 0, started = 0, ended = 0, due = 0;
    int opened = 0;
    int ready = 0;
    Lane *hint = NULL;
    while (!stopping && (wanted == 0 || events < wanted || opened)) {
        // This waits until the batch is full or the time is up, so a short time keeps copies going
        // out between two commits.
        ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, batch, BATCH);
        if (count < 0)
            fail("consume", rd_kafka_err2str(rd_kafka_last_error()));
        // Errors travel in the same queue as records; those that matter end the run.
        int good = 0;
        for (ssize_t i = 0; i < count; i++) {
            rd_kafka_message_t *message = batch[i];
            if (message->err) {
                if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                    fprintf(stderr, "floor: %s\n", rd_kafka_message_errstr(message));
                rd_kafka_message_destroy(message);
                continue;
            }
            batch[good++] = message;
            hint = lane_of(message, hint);
            hint->next = message->offset + 1;
            hint->dirty = 1;
            bytes += (int64_t)message->len;
            note_stamp(message);
        }
        if (!ready) {
            rd_kafka_topic_partition_list_t *assigned;
            if (rd_kafka_assignment(consumer, &assigned) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                if (assigned->cnt > 0) {
                    printf("floor ready\n");
                    fflush(stdout);
                    ready = 1;
                }
                rd_kafka_topic_partition_list_destroy(assigned);
            }
        }
        if (good > 0) {
            if (!opened) {
                check(rd_kafka_begin_transaction(producer), "begin_transaction");
                opened = 1;
                int64_t now = now_us(CLOCK_MONOTONIC);
                if (!started)
                    started = now;
                if (due < now) // after an idle time; else the rhythm is kept
                    due = now + COMMIT_MS * 1000;
            }
            copy_batch(producer, output, batch, good);
            for (int i = 0; i < good; i++)
                rd_kafka_message_destroy(batch[i]);
            events += good;
        }
        int full = wanted && events >= wanted;
        if (opened && (full || now_us(CLOCK_MONOTONIC) >= due)) {
            send_offsets(producer, consumer);
            check(rd_kafka_commit_transaction(producer, -1), "commit_transaction");
            close_stamps();
            ended = now_us(CLOCK_MONOTONIC);
            due += COMMIT_MS * 1000;
            opened = 0;
        }
    }
    if (opened)
        check(rd_kafka_abort_transaction(producer, -1), "abort_transaction");
    report(events, bytes, started, ended);
    fflush(stdout);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(consumer);
    rd_kafka_topic_destroy(output);
    rd_kafka_destroy(producer);
    rd_kafka_destroy(consumer);
    return 0;
}
