-- Rows for the mail program's tables, which its own script has made: psql as the owner
BEGIN;
INSERT INTO users (username, mail_host, created, language, preferences)
SELECT 'user' || i || '@example.org', 'mail.example.org', timestamptz '2024-01-01 00:00:00Z' + i * interval '1 day', 'en_US',
       'a:1:{s:8:"timezone";s:4:"auto";}' FROM generate_series(1, 40) i;
INSERT INTO identities (user_id, changed, name, email, "reply-to", signature)
SELECT user_id, created, 'Name of ' || user_id, username, '', E'-- \n"' || user_id || E'"\r\n' FROM users;
INSERT INTO contacts (user_id, changed, name, email, vcard)
SELECT user_id, created, 'Ünal ' || i, 'c' || i || '@example.org', E'BEGIN:VCARD\r\nVERSION:3.0\r\nN:Ünal;' || i || E';;;\r\nEND:VCARD'
FROM users, generate_series(1, 25) i;
INSERT INTO contactgroups (user_id, changed, name) SELECT user_id, created, 'friends' FROM users;
INSERT INTO contactgroupmembers (contactgroup_id, contact_id, created)
SELECT g.contactgroup_id, c.contact_id, c.changed FROM contactgroups g JOIN contacts c USING (user_id) WHERE c.contact_id % 3 = 0;
INSERT INTO cache_messages (user_id, mailbox, uid, expires, data, flags)
SELECT user_id, 'INBOX', i, created + interval '10 days', repeat('O:20:"rcube_message_header"', i), i FROM users, generate_series(1, 20) i;
INSERT INTO session (sess_id, changed, ip, vars)
SELECT md5(i::text), '2024-05-05 05:05:05Z', '192.0.2.' || i, encode(sha512(i::text::bytea), 'base64') FROM generate_series(1, 30) i;
COMMIT;
