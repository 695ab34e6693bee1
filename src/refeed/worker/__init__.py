"""File events and schedules -> ingest and publish, in one leader; standbys follow the store."""
