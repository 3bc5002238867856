# The rules of resources/member/keyturn-member-events.yml. Apply it in us-east-1 and us-west-2, where AWS Health reports
# exposed access keys, and in the Region that records IAM in AWS Config.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "hub_bus_arn" {
  description = "Output FleetBusArn of the hub."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Of the role that forwards; none by default."
  type        = string
  default     = null
}

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  values = {
    partition   = data.aws_partition.current.partition
    region      = data.aws_region.current.name
    account     = data.aws_caller_identity.current.account_id
    hub_bus_arn = var.hub_bus_arn
  }
  rules = ["exposed-key", "config-compliance"]
}

resource "aws_cloudwatch_event_rule" "keyturn" {
  for_each      = toset(local.rules)
  name_prefix   = "keyturn-${each.key}-"
  description   = "For the Keyturn hub."
  event_pattern = file("${path.module}/patterns/${each.key}.json")
}

resource "aws_cloudwatch_event_target" "keyturn" {
  for_each  = toset(local.rules)
  rule      = aws_cloudwatch_event_rule.keyturn[each.key].name
  target_id = "hub"
  arn       = var.hub_bus_arn
  role_arn  = aws_iam_role.forwarder.arn
}

resource "aws_iam_role" "forwarder" {
  name_prefix          = "keyturn-forwarder-"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = templatefile("${path.module}/policies/forwarder-trust.json.tftpl", local.values)
}

resource "aws_iam_role_policy" "forwarder" {
  name   = "forward"
  role   = aws_iam_role.forwarder.id
  policy = templatefile("${path.module}/policies/forwarder.json.tftpl", local.values)
}
