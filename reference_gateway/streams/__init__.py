"""Where the outbox goes beside the webhooks: a Redis Stream, a Kafka topic. Each knows its broker and nothing else."""
