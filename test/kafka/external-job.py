"""A job that takes the processor's place: python3 external-job.py BROKERS PREFIX.

Of each record it gives its value as often as the option "times" says (default once), and an error for {"fail": true}.
It may be killed at any moment: what it has read and not committed is read again, and answered again.
"""

import json
import sys

from kafka import KafkaConsumer, KafkaProducer


def results_of(record, options):
    if isinstance(record, dict) and record.get("fail"):
        return {"code": "told_to_fail", "message": "The record asked for it."}
    return [{"by": "python", "value": record}] * options.get("times", 1)


def answer_to(work):
    answer = {name: work[name] for name in ("partition", "offset", "index", "count")}
    answer["results"] = [results_of(record, work["options"]) for record in work["records"]]
    return json.dumps(answer).encode()


def main(brokers, prefix):
    consumer = KafkaConsumer(
        f"{prefix}.work",
        bootstrap_servers=brokers.split(","),
        group_id=f"{prefix}.job",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        heartbeat_interval_ms=1000,
    )
    producer = KafkaProducer(bootstrap_servers=brokers.split(","), acks="all", max_request_size=16 * 1024 * 1024)
    while True:
        sent = []
        for messages in consumer.poll(timeout_ms=1000).values():
            for message in messages:
                answer = answer_to(json.loads(message.value))
                sent.append(producer.send(f"{prefix}.done", answer, key=message.key, partition=message.partition))
        # Not before: of what is committed no answer may be lost.
        for answered in sent:
            answered.get(timeout=30)
        consumer.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
