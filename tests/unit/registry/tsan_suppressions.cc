// Two races inside the ZooKeeper C library (3.8.0), which TSan sees through the C functions it calls: handles share the
// buffer that an address is printed into (ZOOKEEPER-4810, garbled log text at worst), and zoo_set_servers closes a
// connection that the IO thread may just use.
#ifdef __SANITIZE_THREAD__
extern "C" const char* __tsan_default_suppressions() { return "race_top:^vsprintf$\nrace_top:^close$\n"; }
#endif
