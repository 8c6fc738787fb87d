/** What zope.conf had before Zope 4, and what does it now (INVENTORY C-034). */

const SERVERS = 'servers are configured in the .ini file that runwsgi is given, in [server:main]';
const LOGGING = 'logging is configured in the .ini file that runwsgi is given';
const PROCESS = 'the process is looked after by "zope instance" or a supervisor such as systemd';
const SESSIONS = 'sessions are not part of a site unless it adds them';
const ALWAYS = 'this is not configurable any more';

const reasons: readonly (readonly [reason: string, names: string])[] = [
  [
    SERVERS,
    'http-server ftp-server webdav-source-server persistent-cgi fcgi-server monitor-server icp-server clock-server ' +
      'pcgi-server scgi-server ip-address port-base zserver-threads zserver-read-only-mode http-header-max-length ' +
      'large-file-threshold enable-ms-author-via fast-listen dns-server',
  ],
  [LOGGING, 'eventlog logger access trace logfile log-filename access-log'],
  [PROCESS, 'runner effective-user lock-filename use-daemon-display-name pid-file'],
  [
    SESSIONS,
    'maximum-number-of-session-objects session-add-notify-script-path session-delete-notify-script-path ' +
      'session-timeout-minutes session-resolution-seconds',
  ],
  ['code is added as packages', 'path products module product-path'],
  [
    'the database section has this now: quota, read-only and cache-size of <filestorage> or <zodb_db>',
    'database-quota-size read-only-database zeo-client-name',
  ],
  [
    ALWAYS,
    'rest-input-encoding rest-output-encoding rest-header-level rest-language-code structured-text-header-level ' +
      'publisher-profile-file profile-publisher suppress-all-access-rules suppress-all-site-roots mime-types ' +
      'cgi-environment force-product-loading enable-product-installation cache',
  ],
];

/** By name. */
export const GONE: Readonly<Record<string, string>> = Object.fromEntries(
  reasons.flatMap(([reason, names]) =>
    names.split(' ').map((name) => [name, `gone since Zope 4: ${reason}`]),
  ),
);
