// What the exit codes of master and workers mean: Gunicorn's.
#pragma once

namespace girin::supervision {

enum exit_code : int {
    exit_ok = 0,
    exit_settings = 1,        // a setting is wrong, or an address cannot be bound
    exit_boot_failed = 3,     // the application's start-up failed
    exit_app_not_loaded = 4,  // the application is missing, foreign, or has no symbol
};

}  // namespace girin::supervision
