# The two roles in every account of some OUs, and in those that join. Apply it in the management account, or in that of an
# administrator of StackSets, which the hub should not be: such an account can deploy anything anywhere.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "parameters" {
  description = "Of the template: HubAccountId, OrganizationId, ExternalId, and what is not as the template's defaults."
  type        = map(string)
}

variable "organizational_units" {
  description = "As select.organizationalUnits of fleet.yml."
  type        = list(string)
}

variable "exclude_accounts" {
  description = "Accounts of these OUs that get no roles."
  type        = list(string)
  default     = []
}

variable "name" {
  description = "A second StackSet, for accounts that differ in a parameter, needs another."
  type        = string
  default     = "keyturn-member"
}

variable "call_as" {
  description = "SELF in the management account, DELEGATED_ADMIN in that of an administrator of StackSets."
  type        = string
  default     = "SELF"
}

resource "aws_cloudformation_stack_set" "keyturn" {
  name             = var.name
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  template_body    = file("${path.module}/../../../../resources/member/keyturn-member.yml")
  parameters       = var.parameters
  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }
  managed_execution {
    active = true
  }
  operation_preferences {
    failure_tolerance_percentage = 10
    max_concurrent_percentage    = 25
  }
  lifecycle {
    # AWS fills it in.
    ignore_changes = [administration_role_arn]
  }
}

# IAM is global: one Region.
resource "aws_cloudformation_stack_set_instance" "keyturn" {
  stack_set_name = aws_cloudformation_stack_set.keyturn.name
  call_as        = var.call_as
  deployment_targets {
    organizational_unit_ids = var.organizational_units
    accounts                = length(var.exclude_accounts) > 0 ? var.exclude_accounts : null
    account_filter_type     = length(var.exclude_accounts) > 0 ? "DIFFERENCE" : null
  }
  operation_preferences {
    failure_tolerance_percentage = 10
    max_concurrent_percentage    = 25
    concurrency_mode             = "SOFT_FAILURE_TOLERANCE"
  }
}
