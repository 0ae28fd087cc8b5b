#pragma once

int test_archives(void);  // the number of checks
