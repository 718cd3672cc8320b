# SPDX-License-Identifier: BSD-2-Clause
# entries.awk - what "setkey -D", "setkey -DP", "ip -d xfrm state" and "ip -d xfrm policy"
# show, in one form: a line for each entry, with everything that both of setkey and ip tell.
#
#	awk -f entries.awk -v from=setkey|ip -v table=state|policy
BEGIN {
	split("des-cbc cbc(des) 3des-cbc cbc(des3_ede) cast128-cbc cbc(cast5)" \
		" blowfish-cbc cbc(blowfish) null ecb(cipher_null) aes-cbc cbc(aes)" \
		" aes-ctr rfc3686(ctr(aes)) camellia-cbc cbc(camellia) twofish-cbc cbc(twofish)" \
		" serpent-cbc cbc(serpent) hmac-md5 hmac(md5) hmac-sha1 hmac(sha1)" \
		" hmac-sha256 hmac(sha256) hmac-sha384 hmac(sha384) hmac-sha512 hmac(sha512)" \
		" aes-xcbc-mac xcbc(aes) deflate deflate", words, " ")
	for (i = 1; i in words; i += 2)
		kernel_name[words[i]] = words[i + 1]
	# What -D does not show is what the algorithm has unless "extra" says otherwise.
	split("hmac-md5 96 hmac-sha1 96 hmac-sha256 128 hmac-sha384 192 hmac-sha512 256" \
		" aes-xcbc-mac 96 null 0", words, " ")
	for (i = 1; i in words; i += 2)
		icv_bits[words[i]] = words[i + 1]
	split("high 1073741824 def 2147483648 low 3221225472", words, " ")
	for (i = 1; i in words; i += 2)
		priority_of[words[i]] = words[i + 1]
}

#### the form

function begin(a, b) {
	finish()
	src = a
	dst = b
	open = 1
	n_requests = 0
	proto = spi = reqid = mode = window = auth = icv = comp = encap = dir = action = upper = ""
	encr = "none"
	soft_bytes = hard_bytes = soft_sec = hard_sec = soft_use = hard_use = priority = 0
	sport = dport = "any"
}
function finish(    i, line) {
	if (!open)
		return
	open = 0
	# The kernel adds one of IP in IP to each SA of IPComp in tunnel mode.
	if (proto == "4" || proto == "41")
		return
	if (table == "state") {
		print src, dst, proto, spi, "reqid", reqid, mode, "window", window, "encr", encr, "auth",
			(auth == "" ? "none" : auth "/" icv), "comp", comp, "encap", encap, "bytes",
			soft_bytes, hard_bytes, "sec", soft_sec, hard_sec, "use", soft_use, hard_use
		return
	}
	line = src " " dst " " upper " " sport " " dport " " dir " " sprintf("%.0f", priority) " " action
	for (i = 1; i <= n_requests; i++)
		line = line " " requests[i]
	print line
}
function whole(prefix) { return prefix ~ /\// ? prefix : prefix (prefix ~ /:/ ? "/128" : "/32") }
function number(text) { sub(/[^0-9].*/, "", text); return text }
function inside(text) { sub(/^[^(]*\(/, "", text); return number(text) }
function unlimited(text) { return text ~ /INF/ ? 0 : number(text) }
END { finish() }

#### setkey

function without_port(end) { sub(/\[.*/, "", end); return end }
function port_of(end) { return end ~ /\[/ ? substr(end, index(end, "[") + 1) + 0 : 0 }
function key_of(    i, key) {
	for (i = 3; i <= NF; i++)
		key = key $i
	return key
}
function request(text,    part, level, n) {
	n = split(text, part, "/")
	level = part[n]
	n = level ~ /[:#]/ ? substr(level, match(level, /[:#]/) + 1) : 0
	sub(/[:#].*/, "", level)
	requests[++n_requests] = part[1] "/" part[2] "/" part[3] "/" \
		(level == "use" ? "use" : "require") "/" n
}

from == "setkey" && table == "state" {
	if ($0 !~ /^\t/ && $0 ~ /^ /) { # a long key goes on
		for (i = 1; i <= NF; i++)
			if (last == "E")
				encr = encr $i
			else
				auth = auth $i
	} else if ($0 !~ /^\t/) {
		begin(without_port($1), without_port($2))
		if ($1 ~ /\[/)
			encap = port_of($1) "-" port_of($2)
	} else if ($2 ~ /^mode=/) {
		proto = $1
		mode = substr($2, 6)
		spi = number(substr($3, 5))
		reqid = number(substr($4, 7))
	} else if ($1 == "E:") {
		last = "E"
		encr = kernel_name[$2] " " key_of()
	} else if ($1 == "A:") {
		last = "A"
		icv = icv_bits[$2]
		auth = ($2 == "null" ? "digest_null" : kernel_name[$2]) " " key_of()
	} else if ($1 == "C:") {
		comp = kernel_name[$2]
		window = number(substr($4, 8))
	} else if ($1 ~ /^seq=/) {
		window = number(substr($2, 8))
	} else if ($1 == "diff:") {
		hard_sec = number($4)
		soft_sec = number($6)
	} else if ($1 == "last:") {
		hard_use = number($(NF - 2))
		soft_use = number($NF)
	} else if ($1 == "current:") {
		hard_bytes = number($4)
		soft_bytes = number($6)
	} else if ($1 == "extra:") {
		for (i = 2; i <= NF; i++)
			if ($i ~ /^icv=/)
				icv = substr($i, 5)
	}
}

from == "setkey" && table == "policy" {
	if ($0 !~ /^\t/) {
		begin(whole(without_port($1)), whole(without_port($2)))
		if ($1 ~ /\[[0-9]/)
			sport = port_of($1)
		if ($2 ~ /\[[0-9]/)
			dport = port_of($2)
		upper = $3 == "255" ? "any" : $3
		if (upper == "gre" && NF == 4)
			upper = upper " " $4
		else if (NF == 4)
			upper = upper " " number($4) "," substr($4, index($4, ",") + 1)
	} else if ($1 == "in" || $1 == "out" || $1 == "fwd") {
		dir = $1
		action = $NF
		if ($2 == "prio") {
			priority = priority_of[$3]
			if ($4 == "+")
				priority -= $5
			else if ($4 == "-")
				priority += $5
		}
	} else if ($1 ~ /^(esp|ah|ipcomp)\//) {
		request($1)
	}
}

#### ip

from == "ip" && table == "state" {
	if ($1 == "src") {
		begin($2, $4)
	} else if ($1 == "proto") {
		proto = $2 == "comp" ? "ipcomp" : $2
		spi = inside($4)
		reqid = number($6)
		mode = $8
	} else if ($1 == "replay-window" && $3 == "seq") {
		window = $2
	} else if ($1 == "enc") {
		encr = $2 " " ($3 ~ /^0x/ ? substr($3, 3) : "")
	} else if ($1 == "auth-trunc") {
		auth = $2 " " ($3 ~ /^0x/ ? substr($3, 3) : "")
		icv = $NF
	} else if ($1 == "comp") {
		comp = $2
	} else if ($1 == "encap") {
		proto = "esp-udp"
		encap = $5 "-" $7
	} else if ($1 == "limit:" && /bytes/) {
		soft_bytes = unlimited($3)
		hard_bytes = unlimited($5)
	} else if ($1 == "expire" && $2 == "add:") {
		soft_sec = unlimited($4)
		hard_sec = unlimited($6)
	} else if ($1 == "expire" && $2 == "use:") {
		soft_use = unlimited($4)
		hard_use = unlimited($6)
	}
}

from == "ip" && table == "policy" {
	if ($1 == "src") {
		begin(whole($2), whole($4))
		upper = "any"
		action = "none"
		for (i = 5; i < NF; i += 2)
			if ($i == "proto")
				upper = $(i + 1)
			else if ($i == "sport")
				sport = $(i + 1)
			else if ($i == "dport")
				dport = $(i + 1)
			else if ($i == "type")
				upper = upper " " $(i + 1) ",0"
			else if ($i == "code")
				sub(/,0$/, "," $(i + 1), upper)
			else if ($i == "key")
				upper = upper " " $(i + 1)
	} else if ($1 == "dir") {
		dir = $2
		for (i = 3; i < NF; i += 2)
			if ($i == "action")
				action = "discard"
			else if ($i == "priority")
				priority = $(i + 1)
	} else if ($1 == "tmpl") {
		action = "ipsec"
		ends = $3 "-" $5
	} else if ($1 == "proto") {
		requests[++n_requests] = ($2 == "comp" ? "ipcomp" : $2) "/" $6 "/" \
			($6 == "tunnel" ? ends : "") "/require/" number($4)
	} else if ($1 == "level") {
		sub(/\/require\//, "/" $2 "/", requests[n_requests])
	}
}
