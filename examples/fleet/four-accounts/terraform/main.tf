# The role of operator-role.yml. Apply it in the hub.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "iam_account_id" {
  description = "The account that has all users."
  type        = string
}

variable "organization_id" {
  type = string
}

variable "stage" {
  description = "Of the Keyturn stack."
  type        = string
  default     = "prod"
}

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  values = {
    partition       = data.aws_partition.current.partition
    region          = data.aws_region.current.name
    account         = data.aws_caller_identity.current.account_id
    iam_account_id  = var.iam_account_id
    organization_id = var.organization_id
    stage           = var.stage
  }
}

resource "aws_iam_role" "operator" {
  name                 = "keyturn-operator"
  description          = "Rotates, confirms and rolls back by hand, reads the logs of that, and subscribes to the topic."
  max_session_duration = 3600
  assume_role_policy   = templatefile("${path.module}/policies/operator-trust.json.tftpl", local.values)
}

resource "aws_iam_role_policy" "operator" {
  name   = "operate"
  role   = aws_iam_role.operator.id
  policy = templatefile("${path.module}/policies/operator.json.tftpl", local.values)
}

output "operator_role_arn" {
  value = aws_iam_role.operator.arn
}
