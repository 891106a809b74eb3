#include "kernels/thread_pool.h"
