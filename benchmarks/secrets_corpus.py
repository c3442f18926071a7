# ruff: noqa: E501  lines of other programs stand as they are
"""Writes a labelled corpus of secrets and look-alikes.

`python benchmarks/secrets_corpus.py FOLDER [--seed N]`

Only this generator is committed. The same seed writes the same files. Labels (`labels.json`) name
each line that holds a secret, with its group and category; every other line is a negative:

* `files`: the configuration files, histories and dumps that people commit by accident;
* `code`: lines of programs in many languages, with secrets and as many look-alikes.

It is written from the formats' and vendors' documentation and from how people write programs, not
from the patterns. But its author also wrote the rules, and misses seen here led to changes there (the
form of memorable passwords, arguments of login functions, one vendor's token): what it measures is
progress and a comparison, not accuracy on material that nobody has looked at.
"""

import argparse
import base64
import json
import random
import string
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = string.ascii_letters + DIGITS
HEX = "0123456789abcdef"
SYMBOLS = "!#%&*+-.?@^_~"
WORDS = (
    "river",
    "stone",
    "winter",
    "copper",
    "falcon",
    "meadow",
    "harbor",
    "silver",
    "orbit",
    "cobalt",
    "tiger",
    "maple",
    "ember",
    "lunar",
    "canyon",
    "delta",
    "pixel",
    "nectar",
    "raven",
    "saffron",
    "timber",
    "violet",
    "walnut",
    "zephyr",
    "anchor",
    "breeze",
    "cinder",
)


class Line(NamedTuple):
    """One line of a file; `category` "" says that it holds no secret."""

    text: str
    category: str = ""


class Maker:
    """Random values of documented forms; all from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def draw(self, alphabet: str, size: int) -> str:
        return "".join(self.rng.choice(alphabet) for _ in range(size))

    def password(self) -> str:
        """As people and managers make them: random, word and number, leet, with symbols."""
        word = self.rng.choice(WORDS)
        kinds: list[Callable[[], str]] = [
            lambda: self.draw(ALNUM, self.rng.randint(8, 16)),
            lambda: self.draw(ALNUM, 6) + self.rng.choice(SYMBOLS) + self.draw(ALNUM, 5),
            lambda: self.draw(LOWER + DIGITS, self.rng.randint(8, 12)),
            lambda: word.capitalize() + self.draw(DIGITS, 4) + self.rng.choice("!@#"),
            lambda: word + self.draw(DIGITS, 3),
            lambda: self.draw(LOWER, self.rng.randint(8, 12)),
            lambda: (
                self.rng.choice(WORDS) + self.draw(UPPER, 2) + self.draw(DIGITS, 3) + "_" + word
            ),
            lambda: word.replace("e", "3").replace("a", "@").capitalize() + self.draw(DIGITS, 2),
        ]
        return self.rng.choice(kinds)()

    def hex(self, size: int) -> str:
        return self.draw(HEX, size)

    def uuid(self) -> str:
        return "-".join(self.hex(n) for n in (8, 4, 4, 4, 12))

    def base64(self, size: int) -> str:
        return base64.b64encode(self.rng.randbytes(size)).decode()

    def url64(self, size: int) -> str:
        return base64.urlsafe_b64encode(self.rng.randbytes(size)).decode().rstrip("=")

    def crypt(self, size: int) -> str:
        return self.draw(ALNUM + "./", size)

    def github(self) -> str:
        body, rest, digits = self.draw(ALNUM, 30), 0, ""
        rest = zlib.crc32(body.encode())
        for _ in range(6):
            rest, digit = divmod(rest, 62)
            digits = (DIGITS + UPPER + LOWER)[digit] + digits
        return f"{self.rng.choice(['ghp', 'gho', 'ghs'])}_{body}{digits}"

    def jwt(self) -> str:
        def part(value: object) -> str:
            text = json.dumps(value, separators=(",", ":")).encode()
            return base64.urlsafe_b64encode(text).decode().rstrip("=")

        claims = {"uid": self.rng.randrange(10**6), "exp": 1760000000, "scope": "admin"}
        return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.{self.url64(64)}"

    def pem(self, label: str, first: bytes = b"\x30\x82\x04\xa3\x02\x01\x00") -> list[str]:
        body = base64.b64encode(first + self.rng.randbytes(480)).decode()
        rows = [body[i : i + 64] for i in range(0, len(body), 64)]
        return [f"-----BEGIN {label}-----", *rows, f"-----END {label}-----"]


def plain(*texts: str) -> list[Line]:
    return [Line(text) for text in texts]


def home_files(m: Maker) -> dict[str, list[Line]]:
    """Dotfiles and client settings."""
    w = m.rng.choice(WORDS)
    return {
        ".netrc": [
            Line(f"machine ftp.{w}.net login {w} password {m.password()}", "password"),
            *plain(f"machine api.{w}.io", f"  login {w}@corp.net"),
            Line(f"  password {m.password()}", "password"),
        ],
        "backup/_netrc": [Line(f"default login anon password {m.draw(LOWER, 7)}", "password")],
        ".pgpass": [
            *plain("# hostname:port:database:username:password"),
            Line(f"db.{w}.net:5432:prod:{w}:{m.password()}", "password"),
            Line(f"*:*:*:postgres:{m.draw(LOWER, 8)}", "password"),
        ],
        ".my.cnf": [
            *plain("[client]", f"user={w}", "host=127.0.0.1"),
            Line(f"password={m.password()}", "password"),
        ],
        ".npmrc": [
            *plain("registry=https://registry.npmjs.org/", "save-exact=true"),
            Line(f"//registry.npmjs.org/:_authToken={m.uuid()}", "token"),
            Line(f"_auth={m.base64(18)}", "token"),
        ],
        ".pypirc": [
            *plain("[distutils]", "index-servers = pypi", "", "[pypi]", f"username: {w}"),
            Line(f"password: {m.password()}", "password"),
        ],
        "pip/pip.conf": [
            *plain("[global]", "timeout = 60"),
            Line(f"index-url = https://{w}:{m.password()}@pypi.{w}.net/simple", "password"),
        ],
        ".m2/settings.xml": [
            *plain(
                "<settings>", "<servers><server>", "<id>nexus</id>", f"<username>{w}</username>"
            ),
            Line(f"  <password>{m.password()}</password>", "password"),
            *plain("</server></servers>", "<profile>default</profile>", "</settings>"),
        ],
        ".git-credentials": [Line(f"https://{w}:{m.hex(40)}@github.com", "token")],
        ".dockercfg": [
            *plain('{ "https://index.docker.io/v1/": {'),
            Line(
                f'    "auth": "{base64.b64encode(f"{w}:{m.password()}".encode()).decode()}",',
                "token",
            ),
            *plain(f'    "email": "{w}@{w}.net"', "}}"),
        ],
        ".docker/config.json": [
            *plain('{"auths": {"registry.gitlab.com": {'),
            Line(f'"auth": "{base64.b64encode(f"{w}:{m.password()}".encode()).decode()}"', "token"),
            *plain('}}, "credsStore": "desktop"}'),
        ],
        ".aws/credentials": [
            *plain("[default]"),
            Line(f"aws_access_key_id = AKIA{m.draw(UPPER + '234567', 16)}", "key"),
            Line(f"aws_secret_access_key = {m.draw(ALNUM + '+/', 40)}", "key"),
        ],
        ".s3cfg": [
            *plain("[default]", "bucket_location = US", "use_https = True"),
            Line(f"access_key = {m.draw(UPPER + DIGITS, 20)}", "key"),
            Line(f"secret_key = {m.draw(ALNUM + '+/', 40)}", "key"),
        ],
        ".config/hub": [
            *plain("github.com:", f"- user: {w}"),
            Line(f"  oauth_token: {m.hex(40)}", "token"),
            *plain("  protocol: https"),
        ],
        ".config/gcloud/application_default_credentials.json": [
            *plain('{ "client_id": "7645.apps.googleusercontent.com",'),
            Line(f'  "client_secret": "{m.url64(18)}",', "token"),
            Line(f'  "refresh_token": "1//0{m.url64(60)}",', "token"),
            *plain('  "type": "authorized_user" }'),
        ],
        ".azure/accessTokens.json": [
            *plain('[{"tokenType": "Bearer", "expiresIn": 3599,'),
            Line(f'"refreshToken": "{m.url64(200)}",', "token"),
            *plain('"resource": "https://management.core.windows.net/"}]'),
        ],
        "sftp-config.json": [
            *plain("{", '    "type": "sftp",', '    "host": "example.com",', f'    "user": "{w}",'),
            Line(f'    "password": "{m.draw(LOWER, 9)}",', "password"),
            *plain('    "remote_path": "/var/www",', "}"),
        ],
        ".vscode/sftp.json": [
            *plain("{", '  "host": "web01",', '  "port": 22,'),
            Line(f'  "password": "{m.password()}",', "password"),
            *plain('  "uploadOnSave": true', "}"),
        ],
        "deployment-config.json": [
            *plain('{"type": "ftp", "host": "h",'),
            Line(f'"password": "{m.password()}",', "password"),
            *plain('"watch": "**/*.php"}'),
        ],
        ".ftpconfig": [
            *plain("{", '  "protocol": "ftp",', f'  "user": "{w}",'),
            Line(f'  "pass": "{m.password()}",', "password"),
            *plain('  "promptForPass": false', "}"),
        ],
        "filezilla/recentservers.xml": [
            *plain(
                "<FileZilla3><RecentServers><Server>", "<Host>ftp.x.net</Host>", f"<User>{w}</User>"
            ),
            Line(f'<Pass encoding="base64">{m.base64(9)}</Pass>', "password"),
            *plain("<Logontype>1</Logontype>", "</Server></RecentServers></FileZilla3>"),
        ],
        ".idea/WebServers.xml": [
            *plain('<webServer id="a1" name="prod" url="http://x">'),
            Line(
                f'<fileTransfer host="h" port="21" username="{w}" password="{m.hex(26)}" />',
                "password",
            ),
            *plain("</webServer>"),
        ],
        ".esmtprc": [
            *plain("hostname = smtp.gmail.com:587", f'username = "{w}@gmail.com"'),
            Line(f'password = "{m.password()}"', "password"),
            *plain("starttls = required"),
        ],
        ".muttrc": [
            *plain("set from = 'me@x.net'", "set imap_user = 'me@x.net'"),
            Line(f"set imap_pass = '{m.password()}'", "password"),
            Line(f'set smtp_url="smtps://{w}:{m.password()}@smtp.x.net:465"', "password"),
        ],
        ".irssi/config": [
            *plain(
                "servers = (", "  {", '    address = "chat.freenode.net";', '    port = "6697";'
            ),
            Line(f'    password = "{m.password()}";', "password"),
            *plain("  }", ");"),
        ],
        ".purple/accounts.xml": [
            *plain("<account>", "<protocol>prpl-jabber</protocol>", f"<name>{w}@jabber.org</name>"),
            Line(f"<password>{m.password()}</password>", "password"),
            *plain("</account>"),
        ],
        ".bash_history": [
            *plain("cd src", "git status", "ls -la", "ssh web01"),
            Line(f"mysql -h db -u {w} -p{m.draw(ALNUM, 10)} shop", "password"),
            Line(f"curl -u {w}:{m.draw(ALNUM, 12)} https://ci.{w}.net/job/1/build", "password"),
            Line(f"export AWS_SECRET_ACCESS_KEY={m.draw(ALNUM, 40)}", "key"),
            Line(f"sshpass -p '{m.draw(ALNUM, 9)}' scp a.tgz root@10.0.0.2:/", "password"),
            *plain(
                "make test",
                "kill -9 4242",
                "docker run -p 8080:80 nginx",
                "export PATH=$PATH:/opt/bin",
            ),
        ],
        ".zshrc": [
            *plain("export EDITOR=vim", "alias gs='git status'", 'export ZSH="$HOME/.oh-my-zsh"'),
            Line(f"export HOMEBREW_GITHUB_API_TOKEN={m.hex(40)}", "token"),
            Line(f"export JIRA_PASSWORD='{m.password()}'", "password"),
            *plain("export PASSWORD_STORE_DIR=$HOME/.pass", "bindkey -e"),
        ],
        ".ssh/id_rsa": [
            Line(row, "private key" if i == 0 else "-")
            for i, row in enumerate(m.pem("RSA PRIVATE KEY"))
        ],
        ".ssh/id_ed25519": [
            Line(row, "private key" if i == 0 else "-")
            for i, row in enumerate(m.pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0\0\0\0\4none"))
        ],
        ".mozilla/firefox/logins.json": [
            *plain('{"nextId":2,"logins":[{"id":1,"hostname":"https://x.net",'),
            Line(f'"encryptedUsername":"{m.base64(42)}",', "password"),
            Line(f'"encryptedPassword":"{m.base64(42)}",', "password"),
            *plain('"guid":"{' + m.uuid() + '}","encType":1}]}'),
        ],
        "putty/key.ppk": [
            Line("PuTTY-User" + "-Key-File-2: ssh-rsa", "private key"),
            *plain("Encryption: none", "Comment: imported", "Public-Lines: 2", m.base64(48)),
        ],
    }


def server_files(m: Maker) -> dict[str, list[Line]]:
    """Servers, frameworks, content management, databases, infrastructure."""
    w = m.rng.choice(WORDS)
    salt = "".join(m.rng.choice(ALNUM + "!@#$%^&*()-_[]{}<>~`+=,.;:/?|") for _ in range(64))
    return {
        "etc/shadow": [
            Line(f"root:$6${m.crypt(8)}${m.crypt(86)}:17736:0:99999:7:::", "hash"),
            *plain("daemon:*:17647:0:99999:7:::", "sshd:!:17647::::::"),
            Line(f"{w}:$y$j9T${m.crypt(22)}${m.crypt(43)}:19000:0:99999:7:::", "hash"),
        ],
        "public/.htpasswd": [
            Line(f"{w}:$apr1${m.crypt(8)}${m.crypt(22)}", "hash"),
            Line(f"old:{m.crypt(13)}", "hash"),
            Line(f"sha:{{SHA}}{m.base64(20)}", "hash"),
        ],
        "etc/proftpdpasswd": [
            Line(f"{w}:$1${m.crypt(8)}${m.crypt(22)}:1001:1001::/home/{w}:/bin/false", "hash")
        ],
        "ventrilo/ventrilo_srv.ini": [
            *plain("[Server]", "Name=x", "Port=3784", "Auth=1"),
            Line(f"Password={m.draw(LOWER, 8)}", "password"),
            Line(f"AdminPassword={m.password()}", "password"),
        ],
        "blog/wp-config.php": [
            *plain("<?php", "define('DB_NAME', 'blog');", f"define('DB_USER', '{w}');"),
            Line(f"define('DB_PASSWORD', '{m.password()}');", "password"),
            *plain("define('DB_HOST', 'localhost');"),
            Line(f"define('AUTH_KEY',         '{salt.replace(chr(39), '')}');", "salt"),
            Line(f"define( 'NONCE_SALT', '{m.draw(ALNUM + '#$%(){}-', 64)}' );", "salt"),
            *plain("$table_prefix = 'wp_';"),
        ],
        "joomla/configuration.php": [
            *plain("<?php", "class JConfig {", "public $dbtype = 'mysqli';"),
            Line(f"\tpublic $password = '{m.password()}';", "password"),
            Line(f"\tpublic $secret = '{m.draw(ALNUM, 16)}';", "salt"),
            *plain("\tpublic $gzip = '0';", "}"),
        ],
        "drupal/sites/default/settings.php": [
            *plain("<?php", "$databases['default']['default'] = array (", "  'database' => 'd',"),
            Line(f"  'password' => '{m.password()}',", "password"),
            *plain("  'host' => 'localhost',", ");"),
            Line(f"$settings['hash_salt'] = '{m.url64(55)}';", "salt"),
        ],
        "magento/app/etc/env.php": [
            *plain("<?php", "return [", "'crypt' => ["),
            Line(f"'key' => '{m.hex(32)}'", "key"),
            *plain("],", "'username' => 'magento',"),
            Line(f"'password' => '{m.password()}',", "password"),
            *plain("];"),
        ],
        "site/config.php": [
            *plain("<?php", "$host = 'localhost';"),
            Line(f"$dbpass = '{m.password()}';", "password"),
            Line(f"$link = mysql_connect('localhost', '{w}', '{m.password()}');", "password"),
        ],
        "shop/settings.py": [
            *plain("import os", "DEBUG = True", "ALLOWED_HOSTS = ['*']"),
            Line(f"SECRET_KEY = '{m.draw(LOWER + DIGITS + '!@#$%^&*(-_=+)', 50)}'", "key"),
            *plain("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql',"),
            Line(f"    'PASSWORD': '{m.password()}',", "password"),
            *plain("}}", "AUTH_USER_MODEL = 'accounts.User'", "PASSWORD_HASHERS = []"),
        ],
        "rails/config/secrets.yml": [
            *plain("production:"),
            Line(f"  secret_key_base: {m.hex(128)}", "key"),
            *plain("test:", "  secret_key_base: <%= ENV['SECRET_KEY_BASE'] %>"),
        ],
        "rails/config/initializers/secret_token.rb": [
            Line(f"Shop::Application.config.secret_token = '{m.hex(128)}'", "key")
        ],
        "rails/config/master.key": [Line(m.hex(32), "key")],
        "rails/config/database.yml": [
            *plain("production:", "  adapter: mysql2", f"  username: {w}"),
            Line(f"  password: {m.password()}", "password"),
        ],
        "rails/config/mongoid.yml": [
            *plain("production:", "  clients:", "    default:", "      options:", f"        user: {w}"),
            Line(f"        password: {m.password()}", "password"),
        ],
        "laravel/.env": [
            *plain("APP_NAME=Shop", "APP_DEBUG=false", "DB_HOST=127.0.0.1"),
            Line(f"APP_KEY=base64:{m.base64(32)}", "key"),
            Line(f"DB_PASSWORD={m.password()}", "password"),
            Line(f"MAIL_PASSWORD={m.draw(LOWER, 16)}", "password"),
            Line(f"PUSHER_APP_SECRET={m.hex(20)}", "token"),
            *plain("MAIL_ENCRYPTION=tls", "QUEUE_DRIVER=sync", "REDIS_PASSWORD=null"),
        ],
        "db/dbeaver-data-sources.xml": [
            Line(f'<connection host="h" port="5432" user="{w}" password="{m.base64(10)}">', "password"),
            *plain("</connection>"),
        ],
        "db/robomongo.json": [
            *plain('{"connections": [{"credentials": [{"databaseName": "admin",'),
            Line(f'"userPassword": "{m.password()}",', "password"),
            *plain('"mechanism": "SCRAM-SHA-1"}]}]}'),
        ],
        "db/dump.sql": [
            *plain("CREATE TABLE `users` (`id` int, `password` varchar(255) NOT NULL);"),
            Line(f"CREATE USER '{w}'@'%' IDENTIFIED BY '{m.password()}';", "password"),
            Line(f"INSERT INTO `users` VALUES (1,'{w}','$2y$10${m.crypt(53)}','2020-01-01');", "hash"),
        ],
        "heroku.json": [*plain('{"name": "x",'), Line(f'"HEROKU_API_KEY": "{m.uuid()}"}}', "token")],
        "infra/prod.tfvars": [
            *plain('region = "eu-west-1"', "instance_count = 3"),
            Line(f'db_password = "{m.password()}"', "password"),
            Line(f'digitalocean_token = "dop_v1_{m.hex(64)}"', "token"),
        ],
        "k8s/secret.yaml": [
            *plain("apiVersion: v1", "kind: Secret", "metadata:", "  name: db", "data:"),
            Line(f"  password: {base64.b64encode(m.password().encode()).decode()}", "password"),
        ],
        "docker-compose.yml": [
            *plain("services:", "  db:", "    image: postgres:16", "    environment:"),
            Line(f"      POSTGRES_PASSWORD: {m.password()}", "password"),
            Line(f"      - RABBITMQ_DEFAULT_PASS={m.password()}", "password"),
            *plain("    ports:", '      - "5432:5432"'),
        ],
        "Web.config": [
            *plain("<configuration><connectionStrings>"),
            Line(
                f'<add name="Db" connectionString="Server=s;Database=d;User Id={w};Password={m.draw(ALNUM, 12)};" />',
                "password",
            ),
            *plain("</connectionStrings><appSettings>"),
            Line(f'<add key="SmtpPassword" value="{m.password()}" />', "password"),
            Line(f'<add key="StorageKey" value="{m.base64(64)}" />', "key"),
            *plain('<add key="PasswordPolicy" value="Strict" />', "</appSettings></configuration>"),
        ],
        "src/main/resources/application.properties": [
            *plain("server.port=8080", "spring.jpa.show-sql=true"),
            Line(f"spring.datasource.password={m.password()}", "password"),
            Line(f"jwt.secret={m.base64(33)}", "key"),
            *plain("spring.mail.password=${MAIL_PASSWORD}", "security.password.min-length=12"),
        ],
        "conf/tomcat-users.xml": [
            Line(f'<user username="{w}" password="{m.password()}" roles="manager-gui"/>', "password")
        ],
        "notes.txt": [
            *plain("Server list", "web01 10.0.0.1"),
            Line(f"admin password: {m.draw(ALNUM, 11)}", "password"),
            *plain("password policy: rotate every 90 days", "see https://wiki.x.net/password/reset"),
        ],
    }  # fmt: skip


def vendor_tokens(m: Maker) -> list[tuple[str, str]]:
    """(name of a variable, token) in the vendors' documented forms."""
    return [
        ("github_pat", m.github()),
        ("gitlab_token", f"glpat-{m.draw(ALNUM, 20)}"),
        ("npm", f"npm_{m.draw(ALNUM, 36)}"),
        ("slack", f"xoxb-{m.draw(DIGITS, 12)}-{m.draw(DIGITS, 13)}-{m.draw(ALNUM, 24)}"),
        ("hook", f"https://hooks.slack.com/services/T{m.draw(UPPER, 8)}/B{m.draw(UPPER, 8)}/{m.draw(ALNUM, 24)}"),
        ("stripe", f"sk_live_{m.draw(ALNUM, 24)}"),
        ("sendgrid", f"SG.{m.url64(16)}.{m.url64(32)}"),
        ("twilio_auth_token", m.hex(32)),
        ("maps", f"AIza{m.draw(ALNUM + '-_', 35)}"),
        ("openai", f"sk-{m.draw(ALNUM, 20)}T3BlbkFJ{m.draw(ALNUM, 20)}"),
        ("claude", f"sk-ant-api03-{m.url64(69)}AA"),
        ("hf", f"hf_{m.draw(string.ascii_letters, 34)}"),
        ("telegram", f"{m.draw('123456789', 9)}:AA{m.draw(ALNUM + '-_', 33)}"),
        ("azure_storage", f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={m.base64(64)}"),
        ("mailgun", f"key-{m.hex(32)}"),
        ("mailchimp", f"{m.hex(32)}-us{m.rng.randint(1, 20)}"),
        ("shopify", f"shpat_{m.hex(32)}"),
        ("pypi", f"pypi-AgEIcHlwaS5vcmc{m.url64(60)}"),
        ("datadog_api_key", m.hex(32)),
        ("notion", f"ntn_{m.draw(DIGITS, 11)}{m.draw(ALNUM, 35)}"),
        ("session", m.jwt()),
        ("mongo", f"mongodb+srv://app:{m.draw(ALNUM, 14)}@c0.ab1cd.mongodb.net/prod"),
        ("vault", f"hvs.{m.url64(70)}"),
        ("databricks", f"dapi{m.hex(32)}"),
        ("grafana", f"glsa_{m.draw(ALNUM, 32)}_{m.hex(8)}"),
        ("doppler", f"dp.st.prd.{m.draw(ALNUM, 40)}"),
        ("linear", f"lin_api_{m.draw(ALNUM, 40)}"),
        ("airtable", f"pat{m.draw(ALNUM, 14)}.{m.hex(64)}"),
        ("postman", f"PMAK-{m.hex(24)}-{m.hex(34)}"),
        ("discord", f"{base64.b64encode(m.draw('123456789', 18).encode()).decode()}.{m.url64(4)}.{m.url64(28)}"),
    ]  # fmt: skip


ASSIGNED = (
    ("py", '{n} = "{v}"'), ("py", "    '{n}': '{v}',"), ("py", "client = Client({n}='{v}')"),
    ("js", "const {n} = '{v}';"), ("ts", 'export const {n}: string = "{v}";'), ("js", '  {n}: "{v}",'),
    ("java", 'private static final String {N} = "{v}";'), ("java", 'config.put("{n}", "{v}");'),
    ("go", '\t{n} := "{v}"'), ("cs", 'var {n} = @"{v}";'), ("rb", "  :{n} => '{v}',"),
    ("php", "${n} = '{v}';"), ("yml", "  {n}: {v}"), ("yml", '  {n}: "{v}"'), ("sh", "export {N}={v}"),
    ("properties", "app.{n}={v}"), ("xml", "<{n}>{v}</{n}>"), ("json", '  "{n}": "{v}",'),
    ("swift", 'let {n} = "{v}"'), ("kt", 'val {n} = "{v}"'), ("pl", 'my ${n} = "{v}";'),
    ("c", '#define {N} "{v}"'), ("gradle", "        {n} '{v}'"), ("tf", '  {n} = "{v}"'),
    ("rs", 'let {n} = "{v}";'), ("ini", "{n} = {v}"), ("scala", 'val {n} = "{v}"'),
    ("ps1", '${n} = "{v}"'), ("m", 'NSString *{n} = @"{v}";'), ("md", "    {n}: `{v}`"),
)  # fmt: skip
SECRET_NAMES = {
    "password": (
        "password db_password dbPassword passwd pwd userPassword admin_pass smtpPassword rootPw"
        " keystorePassword ftp_pass login_password sshPass mysqlPwd DatabasePassword passphrase"
    ),
    "token": (
        "token accessToken auth_token apiToken bot_token refresh_token deployToken sessionSecret"
        " client_secret clientSecret appSecret app_secret consumerSecret webhook_secret"
    ),
    "key": "apiKey api_key API_SECRET secretKey encryption_key privateKey access_key masterKey signingKey",
    "salt": "salt password_salt hashSalt nonce_value seedPhraseSalt",
}
CLEAN_NAMES = (
    "password_field token_type secret_name api_url key_id auth_mode passwordLabel public_key cacheKey"
    " tokenizer keyboard monkey author primary_key sort_key foreignKey token_count password_reset_url"
)


def code_lines(m: Maker) -> Iterable[tuple[str, Line]]:
    """(suffix, line): secrets of every category in the ways of writing of many languages."""
    makers: dict[str, Callable[[], str]] = {
        "password": m.password,
        "token": lambda: m.rng.choice(
            [m.hex(32), m.draw(ALNUM, 32), m.url64(24), m.draw(ALNUM, 20)]
        ),
        "key": lambda: m.rng.choice([m.hex(40), m.base64(32), m.draw(ALNUM, 40), m.uuid()]),
        "salt": lambda: m.rng.choice([m.hex(16), m.base64(16), m.draw(ALNUM, 22)]),
    }
    for category, names in SECRET_NAMES.items():
        for name in names.split():
            for suffix, shape in m.rng.sample(ASSIGNED, 12):
                yield suffix, Line(_filled(shape, name, makers[category]()), category)
    for name, token in vendor_tokens(m):
        for suffix, shape in m.rng.sample(ASSIGNED, 4):
            yield suffix, Line(_filled(shape, name, token), "vendor")
    for _ in range(25):
        user, password = m.rng.choice(WORDS), m.password().replace("@", "").replace("#", "")
        scheme = m.rng.choice(["postgres", "mysql", "amqp", "redis", "https", "ftp"])
        yield "py", Line(f"URL = '{scheme}://{user}:{password}@{user}.internal/x'", "password")
        yield "js", Line(f"db.auth('{user}', '{password}')", "password")
        yield "java", Line(f'DriverManager.getConnection(url, "{user}", "{password}");', "password")
        yield "sh", Line(f"docker login -u {user} -p {password} registry.{user}.net", "password")
        header = base64.b64encode(f"{user}:{password}".encode()).decode()
        yield "http", Line(f"Authorization: Basic {header}", "token")
        yield "sh", Line(f'curl -H "Authorization: Bearer {m.draw(ALNUM, 36)}" $URL', "token")
        yield "cs", Line(f'"Data Source=db;User ID={user};Password={password};"', "password")


def _filled(shape: str, name: str, value: str) -> str:
    return shape.replace("{n}", name).replace("{N}", name.upper()).replace("{v}", value)


PY_CALLS = (
    "getpass.getpass()",
    "request.form['pw']",
    'os.environ["PW"]',
    "None",
    "cfg.get('db', 'pw')",
)
JAVA_CALLS = (
    "String password = passwordField.getText();", "token = parser.nextToken();",
    "Key key = keyStore.getKey(alias, null);", 'logger.info("token refreshed: {}", id);',
)  # fmt: skip


def look_alikes(m: Maker) -> Iterable[tuple[str, Line]]:
    """(suffix, line): what resembles a secret and is none."""
    fillers = (
        (
            "password changeme your-api-key <token> ${TOKEN} {{ password }} xxxxxxxxxxxx %s null example"
            " YOUR_SECRET_HERE test1 secret placeholder ******** $(cat-token) env.API_KEY todo ENC[x]"
            " my-secret-password insert-token-here @string/password %(password)s __PASSWORD__ #{pw} foo"
        )
        .replace("{{ password }}", "{{password}}")
        .split()
    )
    for names in SECRET_NAMES.values():
        for name in names.split():
            for suffix, shape in m.rng.sample(ASSIGNED, 10):
                yield suffix, Line(_filled(shape, name, m.rng.choice(fillers)))
    for name in CLEAN_NAMES.split():
        for suffix, shape in m.rng.sample(ASSIGNED, 6):
            value = m.rng.choice(
                [*WORDS, "user.name", "/etc/app/conf", "AES-256", "Bearer", m.hex(8)]
            )
            yield suffix, Line(_filled(shape, name, value))
    for _ in range(30):
        yield "lock", Line(f'integrity = "sha512-{m.base64(64)}"')
        yield (
            "json",
            Line(
                f'"resolved": "https://r.io/a.tgz#{m.hex(40)}", "integrity": "sha1-{m.base64(20)}"'
            ),
        )
        yield "py", Line(f'assert digest == "{m.hex(64)}"')
        yield "py", Line(f'commit = "{m.hex(40)}"')
        yield "js", Line(f"const id = '{m.uuid()}';")
        yield "yml", Line(f"  image: registry.io/app@sha256:{m.hex(64)}")
        yield "pub", Line(f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{m.base64(200)} me@host")
        yield "css", Line(f"background: url(data:image/png;base64,iVBORw0KGgo{m.base64(60)});")
        yield (
            "js",
            Line(
                '!function(e,t){var n=e.token,r=t.key;n&&r?a(n):b(r)}(window,{key:"k",token:e.x});'
            ),
        )
        yield "py", Line(f"password = {m.rng.choice(PY_CALLS)}")
        yield "java", Line(m.rng.choice(JAVA_CALLS))
        yield (
            "ts",
            Line(
                m.rng.choice(
                    ["password: string;", "token?: string | null;", "apiKey: process.env.API_KEY,"]
                )
            ),
        )
        yield (
            "html",
            Line('<input type="password" name="password" placeholder="Enter your password">'),
        )
        yield "po", Line('msgid "Password must contain at least 8 characters"')
        yield (
            "md",
            Line(
                m.rng.choice(
                    [
                        "Set `API_KEY` to your key.",
                        "The token: see settings > tokens.",
                        "password: the user's password",
                    ]
                )
            ),
        )
        yield "sql", Line("ALTER TABLE users ADD COLUMN password_hash VARCHAR(60) NOT NULL;")
        yield "go", Line(f'var checksum = "{m.hex(32)}" // md5 of the archive')
        yield (
            "c",
            Line(f"static const uint32_t K[] = {{0x{m.hex(8)}, 0x{m.hex(8)}, 0x{m.hex(8)}}};"),
        )
    for label in ("PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY"):
        yield from (("pem", Line(row)) for row in m.pem(label))


def write_corpus(folder: Path, seed: int = 1) -> dict[str, dict[str, str]]:
    """Write all files below `folder`; return labels as path -> line -> category."""
    m = Maker(seed)
    files: dict[str, list[Line]] = {}
    for copy in range(3):
        made = {**home_files(m), **server_files(m)}
        files |= {f"files/{copy}/{path}": lines for path, lines in made.items()}
    rows: dict[str, list[Line]] = {}
    for suffix, line in [*code_lines(m), *look_alikes(m)]:
        rows.setdefault(suffix, []).append(line)
    for suffix, lines in rows.items():
        if suffix != "pem":
            m.rng.shuffle(lines)
        for number, start in enumerate(range(0, len(lines), 40)):
            name = "package-lock.json" if suffix == "lock" else f"module{number}.{suffix}"
            files[f"code/{suffix}/{name}"] = lines[start : start + 40]
    labels = {}
    for path, lines in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(line.text + "\n" for line in lines))
        labels[path] = {str(i): line.category for i, line in enumerate(lines, 1) if line.category}
    (folder / "labels.json").write_text(json.dumps(labels, indent=2, sort_keys=True) + "\n")
    return labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    labels = write_corpus(options.folder, options.seed)
    lines = sum(len(one) for one in labels.values())
    print(f"{len(labels)} files, {lines} labelled lines in {options.folder}")


if __name__ == "__main__":
    main()
