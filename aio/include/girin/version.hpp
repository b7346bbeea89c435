// The version of girin.
#pragma once

#define GIRIN_VERSION "0.1.0"
