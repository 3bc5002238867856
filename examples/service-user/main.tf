terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

resource "aws_iam_group" "cloudpeek" {
  name = "cloudpeek_service_user_group"
}

resource "aws_iam_group_policy_attachment" "audit" {
  group      = aws_iam_group.cloudpeek.name
  policy_arn = "arn:aws:iam::aws:policy/SecurityAudit"
}

resource "aws_iam_user" "cloudpeek" {
  name          = "cloudpeek_service_user"
  path          = "/service/"
  force_destroy = true # Keyturn's keys are not in this state
  tags          = { "keyturn:owner" = "team-security" }
}

resource "aws_iam_user_group_membership" "cloudpeek" {
  user   = aws_iam_user.cloudpeek.name
  groups = [aws_iam_group.cloudpeek.name]
}

# The answer is kept in the state. It says in which secret the key is, and holds no key.
resource "aws_lambda_invocation" "first_key" {
  function_name   = "keyturn-prod-rotate-user"
  input           = jsonencode({ userName = aws_iam_user.cloudpeek.name, action = "rotate" })
  lifecycle_scope = "CREATE_ONLY"

  lifecycle {
    ignore_changes = [input]
    postcondition {
      condition     = jsondecode(self.result).status == "changed"
      error_message = jsondecode(self.result).message
    }
  }
}

output "secret_name" {
  value = jsondecode(aws_lambda_invocation.first_key.result).secret.name
}
