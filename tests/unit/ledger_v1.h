/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers as version 1 wrote them, frozen: what an upgrade must read (they are never changed). */
#pragma once

static const char v1_new[] = "ecs-pubip-ledger 1\n"
                             "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111\n"
                             "address\n"
                             "end 7048ad649e6d2688\n";

static const char v1_intent[] =
        "ecs-pubip-ledger 1\n"
        "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111 network=vpc inspected=1795000100\n"
        "address\n"
        "change call=allocate outcome=open time=1795000101 first=1795000101 boot=11111111-1111-4111-8111-111111111111 unreachable-before=yes\n"
        "end 00579e351d7b1bac\n";

static const char v1_confirmed[] =
        "ecs-pubip-ledger 1\n"
        "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111 network=vpc inspected=1795000100\n"
        "address ip=192.0.2.1 kind=static confirmed=1795000300\n"
        "change call=allocate outcome=done time=1795000101 first=1795000101 boot=11111111-1111-4111-8111-111111111111 settled=yes unreachable-before=yes ip=192.0.2.1 request=R-1\n"
        "change call=reboot outcome=done time=1795000180 first=1795000180 boot=11111111-1111-4111-8111-111111111111 settled=yes request=R-2\n"
        "end 55559b0894d7639e\n";

static const char v1_pending[] =
        "ecs-pubip-ledger 1\n"
        "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111 network=vpc inspected=1795000100\n"
        "address ip=192.0.2.1 kind=static confirmed=1795000050\n"
        "change call=reboot outcome=refused time=1795000040 first=1795000040 boot=22222222-2222-4222-8222-222222222222\n"
        "change call=allocate outcome=done time=1795000101 first=1795000101 boot=11111111-1111-4111-8111-111111111111 settled=yes ip=192.0.2.1 request=R-1\n"
        "change call=reboot outcome=lost time=1795000180 first=1795000180 boot=11111111-1111-4111-8111-111111111111\n"
        "end 5fdd25c6825be71b\n";

static const char v1_purchase[] =
        "ecs-pubip-ledger 1\n"
        "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111 network=vpc inspected=1795000100\n"
        "address\n"
        "change call=eip-allocate outcome=lost time=1795000101 first=1795000001 boot=11111111-1111-4111-8111-111111111111 token=ecs-pubip-0123456789abcdef0123456789abcdef request=R-3\n"
        "end 8645b39f812f843d\n";

static const char v1_waiting[] =
        "ecs-pubip-ledger 1\n"
        "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111 network=vpc inspected=1795000100\n"
        "address\n"
        "wait length-usec=120000000 started=1795000101 started-boot-usec=30000000 boot=11111111-1111-4111-8111-111111111111 asked-by-server=yes attempt=1 class=throttled code=Throttling.User http-status=400 request=R-4\n"
        "end f1d402a856e71c46\n";

static const char v1_suspect[] =
        "ecs-pubip-ledger 1\n"
        "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111 network=vpc inspected=1795000100 suspect=1795000000\n"
        "address\n"
        "change call=bandwidth outcome=done time=1795000101 first=1795000101 boot=11111111-1111-4111-8111-111111111111 settled=yes token=ecs-pubip-0123456789abcdef0123456789abcdef request=R-5\n"
        "end 335a3c3f82b3be6e\n";

static const char v1_eip[] =
        "ecs-pubip-ledger 1\n"
        "instance id=i-bp1 first-boot=11111111-1111-4111-8111-111111111111 network=vpc inspected=1795000100\n"
        "address ip=192.0.2.5 kind=eip eip=eip-1 confirmed=1795000300 lagging=yes\n"
        "change call=eip-associate outcome=done time=1795000101 first=1795000101 boot=11111111-1111-4111-8111-111111111111 settled=yes ip=192.0.2.5 eip=eip-1 token=ecs-pubip-0123456789abcdef0123456789abcdef request=R-6\n"
        "end f4a1348b37d35734\n";
