CREATE DATABASE IF NOT EXISTS demo_db;
USE demo_db;
CREATE TABLE IF NOT EXISTS talkingdata(
    ip int, app int, device int, os int, channel int, click_time timestamp, is_attributed int,
    INDEX(KEY=ip, TS=click_time),
    INDEX(KEY=(ip, app), TS=click_time),
    INDEX(KEY=(ip, app, os), TS=click_time));
