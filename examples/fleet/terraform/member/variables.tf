variable "hub_account_id" {
  description = "The account of the Keyturn stack that looks after this one."
  type        = string
}

variable "organization_id" {
  description = "organizationId of fleet.yml."
  type        = string
}

variable "external_id" {
  description = "externalId of fleet.yml, which is random; the account ID is added to it here."
  type        = string
}

variable "suffix" {
  description = "roleSuffix of the hub."
  type        = string
  default     = ""
}

variable "user_path_prefix" {
  description = "Only users below it can be touched, even if the hub asks for others."
  type        = string
  default     = "/"
}

variable "secret_prefix" {
  description = "secretPrefix of the hub."
  type        = string
  default     = "keyturn"
}

variable "secret_region" {
  description = "The Region of the secrets; any by default."
  type        = string
  default     = "*"
}

variable "kms_alias" {
  description = "alias/… of a key of this account for its secrets; empty for aws/secretsmanager."
  type        = string
  default     = ""
}

variable "permissions_boundary_name" {
  description = "Name, with its path, of a policy of this account that bounds both roles; empty for none."
  type        = string
  default     = ""
}

variable "rotates" {
  description = "With false the hub may look only, and no one in the hub can change that."
  type        = bool
  default     = true
}

variable "paused" {
  description = "With true nothing is changed here until it is false again. A tag set by hand lasts until the next apply."
  type        = bool
  default     = false
}

variable "aws_config" {
  description = "Lets the hub read AWS Config here, and put the verdicts of an organization rule."
  type        = bool
  default     = false
}

variable "cloudtrail_lookups" {
  description = "As cloudtrailLookups of the hub. Lets a session that rotates see in CloudTrail who uses a key."
  type        = bool
  default     = false
}

variable "evidence" {
  description = "Lets the hub read what its evidence is made of: MFA devices, trails and the encryption of buckets."
  type        = bool
  default     = false
}
