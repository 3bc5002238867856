# The roles of resources/member/keyturn-member.yml, for accounts that Terraform makes and where StackSets do not reach:
# the management account, China. Apply it once for each account; IAM is global.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  # What the policies are about, by the names that they use.
  values = {
    partition        = data.aws_partition.current.partition
    dns_suffix       = data.aws_partition.current.dns_suffix
    account          = data.aws_caller_identity.current.account_id
    hub_account_id   = var.hub_account_id
    organization_id  = var.organization_id
    external_id      = var.external_id
    suffix           = var.suffix
    user_path_prefix = var.user_path_prefix
    secret_prefix    = var.secret_prefix
    secret_region    = var.secret_region
    kms_alias        = var.kms_alias
  }
  # The files in policies/ that make up each policy, and whether they do.
  files = {
    observe = { observe = true, aws-config = var.aws_config, evidence = var.evidence }
    rotate  = { rotate = true, rotate-with-key = var.kms_alias != "", rotate-with-lookups = var.cloudtrail_lookups }
    owner   = { owner = true, owner-with-key = var.kms_alias != "" }
  }
  policies = {
    for name, files in local.files : name => jsonencode({
      Version = "2012-10-17"
      Statement = flatten([
        for file, is_used in files :
        jsondecode(templatefile("${path.module}/policies/${file}.json.tftpl", local.values)).Statement if is_used
      ])
    })
  }
  roles = var.rotates ? ["observe", "rotate"] : ["observe"]
  # What this module was given: the hub compares it with fleet.yml.
  given = {
    "keyturn:template"           = "1"
    "keyturn:user-path-prefix"   = var.user_path_prefix
    "keyturn:secret-prefix"      = var.secret_prefix
    "keyturn:rotates"            = tostring(var.rotates)
    "keyturn:aws-config"         = tostring(var.aws_config)
    "keyturn:cloudtrail-lookups" = tostring(var.cloudtrail_lookups)
    "keyturn:evidence"           = tostring(var.evidence)
    "keyturn:secret-region"      = var.secret_region == "*" ? "" : var.secret_region
    "keyturn:kms-alias"          = var.kms_alias
    "keyturn:paused"             = var.paused ? "true" : ""
  }
  tags         = { for key, value in local.given : key => value if value != "" }
  boundary_arn = "arn:${local.values.partition}:iam::${local.values.account}:policy/${var.permissions_boundary_name}"
  boundary     = var.permissions_boundary_name == "" ? null : local.boundary_arn
}

resource "aws_iam_role" "keyturn" {
  for_each             = toset(local.roles)
  name                 = "keyturn-${each.key}${var.suffix}"
  path                 = "/keyturn/"
  max_session_duration = 3600
  permissions_boundary = local.boundary
  assume_role_policy   = templatefile("${path.module}/policies/${each.key}-trust.json.tftpl", local.values)
  tags                 = local.tags
}

resource "aws_iam_role_policy" "keyturn" {
  for_each = toset(local.roles)
  name     = each.key
  role     = aws_iam_role.keyturn[each.key].id
  policy   = local.policies[each.key]
}

resource "aws_iam_policy" "owner" {
  name        = "keyturn-owner${var.suffix}"
  description = "Lets an IAM user read the secret that holds their own access key."
  policy      = local.policies.owner
}

output "owner_policy_arn" {
  value = aws_iam_policy.owner.arn
}
