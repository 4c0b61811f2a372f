/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot to an exit status: every phase, under every circumstance. */
#include "unit.h"

#include "cli/snapshot.h"

static struct snapshot snapshot_in(enum phase phase) {
        struct snapshot s = {.alive = true, .status.phase = phase};

        s.status.public_ip = 1;
        for (enum plane p = 0; p < _PLANE_MAX; p++)
                s.status.planes[p].verdict = PLANE_DISAGREES;
        return s;
}

static void phases(void **state) {
        static const enum exit_status wanted[_PHASE_MAX] = {
                [PHASE_STARTING] = EXIT_NOT_YET,   [PHASE_IDENTIFYING] = EXIT_NOT_YET,
                [PHASE_INSPECTING] = EXIT_NOT_YET, [PHASE_ALLOCATING] = EXIT_NOT_YET,
                [PHASE_CONFIRMING] = EXIT_NOT_YET, [PHASE_REBOOTING] = EXIT_NOT_YET,
                [PHASE_CONFIRMED] = EXIT_DONE,     [PHASE_WAITING] = EXIT_NOT_YET,
                [PHASE_FAILED] = EXIT_FAILED,      [PHASE_HELD] = EXIT_NOT_YET,
                [PHASE_STOPPED] = EXIT_NOT_YET,
        };

        (void)state;
        for (enum phase p = 0; p < _PHASE_MAX; p++) {
                struct snapshot s = snapshot_in(p);

                assert_int_equal(snapshot_outcome(&s), wanted[p]);
                s.alive = false;
                assert_int_equal(snapshot_outcome(&s), EXIT_NO_AGENT);
        }
}

/* Whatever the phase, but not once the address works: then there is nothing to reboot for. */
static void a_reboot_that_waits(void **state) {
        (void)state;
        for (enum phase p = 0; p < _PHASE_MAX; p++) {
                struct snapshot s = snapshot_in(p);

                s.status.next = NEXT_REBOOT;
                assert_int_not_equal(snapshot_outcome(&s), EXIT_REBOOT_WAITS);
                s.status.waits_for[0] = 'x';
                assert_int_equal(snapshot_outcome(&s) == EXIT_REBOOT_WAITS, p != PHASE_CONFIRMED);
                s.status.next = NEXT_RETRY;
                assert_int_not_equal(snapshot_outcome(&s), EXIT_REBOOT_WAITS);
        }
}

static void the_brake_hides_no_address(void **state) {
        struct snapshot s = snapshot_in(PHASE_HELD);
        struct status_plane *planes = s.status.planes;

        (void)state;
        planes[PLANE_KERNEL].verdict = PLANE_AGREES;
        planes[PLANE_METADATA].verdict = PLANE_AGREES;
        planes[PLANE_CONTROL].verdict = planes[PLANE_OUTSIDE].verdict = PLANE_NOT_REQUIRED;
        assert_int_equal(snapshot_outcome(&s), EXIT_DONE);
        planes[PLANE_CONTROL].verdict = PLANE_UNKNOWN;
        assert_int_equal(snapshot_outcome(&s), EXIT_NOT_YET);
        s.status.control_fault[0] = 'x'; /* without the brake it would stay confirmed */
        assert_int_equal(snapshot_outcome(&s), EXIT_DONE);
        planes[PLANE_CONTROL].verdict = PLANE_DISAGREES;
        assert_int_equal(snapshot_outcome(&s), EXIT_NOT_YET);
        planes[PLANE_CONTROL].verdict = PLANE_NOT_REQUIRED;
        planes[PLANE_METADATA].verdict = PLANE_UNKNOWN;
        assert_int_equal(snapshot_outcome(&s), EXIT_NOT_YET);
        planes[PLANE_METADATA].verdict = PLANE_AGREES;
        planes[PLANE_CONTROL].verdict = PLANE_NOT_REQUIRED;
        planes[PLANE_KERNEL].verdict = PLANE_NOT_REQUIRED;
        assert_int_equal(snapshot_outcome(&s), EXIT_NOT_YET);
        planes[PLANE_KERNEL].verdict = PLANE_AGREES;
        s.status.public_ip = 0;
        assert_int_equal(snapshot_outcome(&s), EXIT_NOT_YET);
}

static void without_words(void **state) {
        static const enum status_file files[] = {STATUS_FILE_ABSENT, STATUS_FILE_GARBLED,
                                                 STATUS_FILE_UNREADABLE};

        (void)state;
        for (size_t i = 0; i < N(files); i++) {
                struct snapshot s = snapshot_in(PHASE_CONFIRMED);

                s.file = files[i];
                assert_int_equal(snapshot_outcome(&s), EXIT_NOT_YET);
                assert_false(snapshot_reboot_waits(&s));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(phases),
                cmocka_unit_test(a_reboot_that_waits),
                cmocka_unit_test(the_brake_hides_no_address),
                cmocka_unit_test(without_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
