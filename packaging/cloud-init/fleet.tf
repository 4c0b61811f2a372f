# SPDX-License-Identifier: Apache-2.0
# A scaling group whose instances give themselves a public address: role, policy, user-data.
# The tag is the fence: the role may act on instances that carry it, and on no others. Its condition
# key is the one of the ECS and RAM pages for requests that name a resource (2024, 2025); that each of
# the four actions honours it could not be tried. Where one does not, `ecs-pubip doctor` shows a refusal.
# Not validated by the provider, which could not be fetched where this was written: the suite checks
# layout (terraform fmt) and references. By hand: every argument is in the provider's schema as npm's
# @pulumi/alicloud 3.108.0 carries it, none is deprecated, and none that is required is missing.
terraform {
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.252.0"
    }
  }
}

variable "image_id" {
  type        = string
  description = "A Debian or Ubuntu image with cloud-init."
}

variable "instance_type" {
  type    = string
  default = "ecs.e-c1m1.large"
}

variable "vswitch_ids" {
  type = list(string)
}

variable "security_group_id" {
  type = string
}

variable "size" {
  type    = number
  default = 2
}

variable "bandwidth_out" {
  type        = number
  default     = 0
  description = "Mbit/s that the group gives. With 0 the agent asks for what user-data says."
}

resource "alicloud_ram_role" "fleet" {
  role_name                   = "ecs-pubip-fleet"
  assume_role_policy_document = file("${path.module}/../policy/role-trust.json")
}

resource "alicloud_ram_policy" "fleet" {
  policy_name     = "ecs-pubip-fleet"
  policy_document = file("${path.module}/../policy/role-policy.json")
}

resource "alicloud_ram_role_policy_attachment" "fleet" {
  role_name   = alicloud_ram_role.fleet.role_name
  policy_name = alicloud_ram_policy.fleet.policy_name
  policy_type = "Custom"
}

resource "alicloud_ess_scaling_group" "fleet" {
  scaling_group_name = "ecs-pubip-fleet"
  min_size           = var.size
  max_size           = var.size * 2
  vswitch_ids        = var.vswitch_ids
  multi_az_policy    = "BALANCE"
}

resource "alicloud_ess_scaling_configuration" "fleet" {
  scaling_group_id  = alicloud_ess_scaling_group.fleet.id
  image_id          = var.image_id
  instance_type     = var.instance_type
  security_group_id = var.security_group_id
  role_name         = alicloud_ram_role.fleet.role_name
  user_data         = base64encode(file("${path.module}/user-data.yaml"))
  tags              = { "ecs-pubip" = "yes" }
  # A bandwidth above 0 makes the scaling group itself give out addresses at creation; the agent then
  # only finds and confirms them, and replaces one that is reclaimed later.
  internet_charge_type       = "PayByTraffic"
  internet_max_bandwidth_out = var.bandwidth_out
  force_delete               = true
  active                     = true
  enable                     = true
}
