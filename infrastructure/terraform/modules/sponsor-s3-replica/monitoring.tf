# S3 reports the lag of a copy in the copy's region, so alarm and topic are in that region, too.

resource "aws_sns_topic" "alerts" {
  #checkov:skip=CKV_AWS_26:alarms have no secret, and CloudWatch cannot use the AWS-managed key of SNS
  count = length(var.alert_emails) == 0 ? 0 : 1

  name = "sponsor-backup-${var.sponsor_name}-replica"
  tags = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_sns_topic_subscription" "alerts" {
  for_each = toset(var.alert_emails)

  topic_arn = aws_sns_topic.alerts[0].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "replication_lag" {
  for_each = {
    (var.backup_bucket_name)     = local.backup_replica_bucket_name
    (var.audit_logs_bucket_name) = local.audit_logs_replica_bucket_name
  }

  alarm_name          = "${each.key}-replication-lag"
  alarm_description   = "The copy in ${var.replica_region} is more than an hour behind"
  namespace           = "AWS/S3"
  metric_name         = "ReplicationLatency"
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3600
  # S3 sends this only while objects are being copied.
  treat_missing_data = "notBreaching"
  alarm_actions      = aws_sns_topic.alerts[*].arn
  ok_actions         = aws_sns_topic.alerts[*].arn

  dimensions = {
    SourceBucket      = each.key
    DestinationBucket = each.value
    RuleId            = "replicate-everything"
  }

  tags = merge(var.common_tags, local.sponsor_tags)
}
