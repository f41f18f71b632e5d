USE demo_db;
DEPLOY demo
@features@;
