"""What Python's OFS stores for files of given kinds and sizes: the records of the transaction, in their order."""
import io
import json
import os
import sys
import tempfile
from types import SimpleNamespace

import transaction
import ZODB.FileStorage
from AccessControl.SecurityManagement import newSecurityManager
from OFS.Application import Application
from OFS.Image import manage_addFile, manage_addImage
from ZPublisher.HTTPRequest import FileUpload, HTTPRequest
from ZPublisher.HTTPResponse import HTTPResponse
from multipart import Headers


def content(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def upload(size):
    headers = Headers([("Content-Type", "application/octet-stream")])
    return FileUpload(SimpleNamespace(file=io.BytesIO(content(size)), headers=headers, filename="a.bin", name="file"))


def put(target, size):
    environ = {"SERVER_NAME": "x", "SERVER_PORT": "80", "REQUEST_METHOD": "PUT", "CONTENT_TYPE": "application/octet-stream"}
    request = HTTPRequest(io.BytesIO(content(size)), environ, HTTPResponse())
    request.processInputs()
    target.PUT(request, request.response)


def stored(kind, way, size, directory):
    storage = ZODB.FileStorage.FileStorage(os.path.join(directory, "%s-%s-%d.fs" % (kind, way, size)))
    db = ZODB.DB(storage)
    root = db.open().root()
    app = root["Application"] = Application()
    app.acl_users._doAddUser("admin", "secret", ["Manager"], [])
    transaction.commit()
    newSecurityManager(None, app.acl_users.getUser("admin").__of__(app.acl_users))
    add = manage_addFile if kind == "File" else manage_addImage
    if way == "add":
        add(app, "x", upload(size))
    else:
        add(app, "x", upload(10))
        transaction.commit()
        if way == "upload":
            app.x.manage_upload(upload(size))
        else:
            put(app.x, size)
    transaction.commit()
    for each in storage.iterator():
        records = [[int.from_bytes(r.oid, "big"), r.data.hex()] for r in each]
    db.close()
    return {"records": records, "file": int.from_bytes(app.x._p_oid or b"", "big")}


with tempfile.TemporaryDirectory() as directory:
    tasks = json.load(sys.stdin)
    json.dump([stored(kind, way, size, directory) for kind, way, size in tasks], sys.stdout)
