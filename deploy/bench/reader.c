// The floor of deploy/benchmark --restore: what it costs only to read a changelog.
//
//   reader BOOTSTRAP TOPIC PARTITIONS
//
// Reads every partition from its start to its end, committed records only, and throws the records
// away. Prints one JSON line: records, bytes, the seconds from the assignment to the last end, and
// the CPU time of this process for a record.

#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 4096, WAIT_MS = 5 };

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "reader: %s: %s\n", what, why);
    exit(1);
}

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static rd_kafka_t *open_consumer(const char *bootstrap) {
    // Fetch limits as the worker's own.
    static const char *const pairs[] = {
        "group.id", "handoff-floor-reader", "enable.auto.commit", "false",
        "enable.partition.eof", "true", "auto.offset.reset", "earliest",
        "isolation.level", "read_committed", "fetch.wait.max.ms", "100",
        "max.partition.fetch.bytes", "1048576", "fetch.max.bytes", "16777216",
        "check.crcs", "true", "queued.max.messages.kbytes", "65536",
        // The development broker answers a fetch with all partitions to their ends.
        "receive.message.max.bytes", "1500000000", NULL};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[512];
    if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, why, sizeof why) != RD_KAFKA_CONF_OK)
        fail("bootstrap.servers", why);
    for (int i = 0; pairs[i]; i += 2)
        if (rd_kafka_conf_set(conf, pairs[i], pairs[i + 1], why, sizeof why) != RD_KAFKA_CONF_OK)
            fail(pairs[i], why);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!consumer)
        fail("consumer", why);
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: reader BOOTSTRAP TOPIC PARTITIONS\n");
        return 2;
    }
    int partitions = atoi(argv[3]);
    rd_kafka_t *consumer = open_consumer(argv[1]);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(all, argv[2], i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t error = rd_kafka_assign(consumer, all);
    if (error)
        fail("assign", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(all);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);

    static rd_kafka_message_t *batch[BATCH];
    int64_t records = 0, bytes = 0;
    double started = seconds_now();
    for (int ended = 0; ended < partitions;) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, batch, BATCH);
        if (count < 0)
            fail("consume", rd_kafka_err2str(rd_kafka_last_error()));
        for (ssize_t i = 0; i < count; i++) {
            rd_kafka_message_t *message = batch[i];
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                ended++;
            } else if (message->err) {
                fprintf(stderr, "reader: %s\n", rd_kafka_message_errstr(message));
            } else {
                records++;
                bytes += (int64_t)(message->len + message->key_len);
            }
            rd_kafka_message_destroy(message);
        }
    }
    double seconds = seconds_now() - started;
    printf("{\"records\":%" PRId64 ",\"bytes\":%" PRId64 ",\"seconds\":%.3f,\"cpu_us\":%.2f}\n",
           records, bytes, seconds, records ? cpu_seconds() * 1e6 / (double)records : 0);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return 0;
}
