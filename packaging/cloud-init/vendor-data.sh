#cloud-boothook
#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Vendor-data for an image that has ecs-pubip inside (image.md), given by whoever provides the image.
#
# Not write_files: cloud-init merges by key, so a user's own write_files would take the place of the
# vendor's. This runs in the network stage of each boot, and the agent reads what it wrote before its
# first change. A user's configuration in /etc wins where both speak.
set -e

folder=/usr/lib/ecs-pubip/ecs-pubip.conf.d
mkdir -p $folder
cat >$folder/40-vendor.conf <<END
[Heal]
Policy=adopt
END
